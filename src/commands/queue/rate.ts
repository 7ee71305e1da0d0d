import type { Config } from '../../config/config.ts';
import type { Outcome } from '../../cli/run.ts';
import { requireSupabase } from '../../cli/supabase.ts';
import { tableLines } from '../../cli/text/table.ts';
import { localTime } from '../../cli/text/time.ts';

/** `legisync rate`: rows inserted in each of the last ten minutes, the newest first. */
export async function rate(config: Config): Promise<Outcome> {
  const minutes = await (await requireSupabase(config)).coherence.rate();
  if (minutes.length === 0) {
    return { data: { minutes }, lines: ['No row was inserted into files_queue in the last 10 minutes.'] };
  }
  return {
    data: { minutes },
    lines: tableLines(
      [
        ['minute', 'left'],
        ['files_inserted', 'right'],
        ['buckets', 'left'],
      ],
      minutes.map(({ minute, filesInserted, buckets }) => [localTime(minute), filesInserted, buckets]),
    ),
  };
}
