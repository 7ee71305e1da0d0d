import type { SupabaseClient } from '@supabase/supabase-js';
import { createRandom } from '../../local/legifrance/corpus/random.ts';
import type { Documents } from './changes.ts';
import { statsOf } from './legifrance.ts';
import { runCoherence, triggerCoherence, triggerMaintenance, type Backfills } from './operators.ts';
import { repeat, Tally } from './repeat.ts';
import type { Samples } from './samples.ts';
import { ARRIVALS, COLLECTION, EVERY_MS, RATE, WORKERS } from './settings.ts';
import type { SoakStack } from './stack.ts';
import { runWorker } from './workers.ts';

/** What happens to the stack, and what it is counted in. */
export interface Load {
  readonly stack: SoakStack;
  readonly supabase: SupabaseClient;
  readonly documents: Documents;
  readonly backfills: Backfills;
  readonly tally: Tally;
  readonly seed: number;
  readonly seconds: number;
}

/** Documents change, and operators start runs, until `time` is over. Resolves when the last command has ended. */
export async function runLoad(
  { stack, documents, backfills, tally, seed, seconds }: Load,
  time: AbortSignal,
): Promise<void> {
  const random = createRandom(seed + 1);
  const stepsPerArrival = Math.ceil((seconds * 1_000) / EVERY_MS.changes / ARRIVALS);
  const loop = { signal: time, tally };
  await Promise.all([
    repeat('changes', EVERY_MS.changes, loop, () =>
      documents.change(random, tally.get('changes') % stepsPerArrival === 0),
    ),
    repeat('MAINTENANCE triggered', EVERY_MS.maintenance, loop, () => triggerMaintenance(stack, COLLECTION)),
    repeat('coherence triggered', EVERY_MS.coherence, loop, () => triggerCoherence(stack)),
    repeat('legisync coherence', EVERY_MS.coherenceCommand, loop, () => runCoherence(stack)),
    repeat('legisync backfill', EVERY_MS.backfill, loop, async () => {
      await backfills.plant();
      await backfills.run();
    }),
  ]);
}

/** Workers claim files until `signal` is aborted. After `time` they only do well. */
export async function runWorkers(
  { supabase, tally, seed }: Load,
  time: AbortSignal,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    Array.from({ length: WORKERS }, (_, n) =>
      runWorker({
        name: `soak-${n}`,
        supabase,
        random: createRandom(seed + 10 + n),
        tally,
        mayMisbehave: () => !time.aborted,
        signal,
      }),
    ),
  );
}

/** Takes samples and writes lines of progress until `signal` is aborted. */
export async function observe(
  { stack, tally }: Load,
  samples: Samples,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const began = performance.now();
  // Failures are not counted: what is down gives no figures.
  const loop = { signal, tally: new Tally() };
  let busiest = RATE;
  await Promise.all([
    repeat('samples', EVERY_MS.sample, loop, async () =>
      samples.take(await stack.parts(), (performance.now() - began) / 1_000),
    ),
    repeat('quota', EVERY_MS.sample, loop, async () => {
      const { maxInAnySecond } = (await statsOf(stack.legifranceUrl)).arrivals;
      if (maxInAnySecond > busiest) log(`quota: ${maxInAnySecond} requests in the busiest second`);
      busiest = Math.max(busiest, maxInAnySecond);
    }),
    repeat('progress', EVERY_MS.progress, loop, async () => log(await progressLine(stack, tally))),
  ]);
}

async function progressLine({ sql }: SoakStack, tally: Tally): Promise<string> {
  const [row] = await sql<Record<string, number>>(`
    select (select count(*)::int from legisync.documents) as known,
           (select count(*)::int from legisync.documents where state = 'stored') as stored,
           (select count(*)::int from public.files_queue) as rows,
           (select count(*)::int from public.files_queue where processed) as processed,
           (select max(pass) from legisync.passes) as pass`);
  const counts = Object.entries(row ?? {}).map(([name, count]) => `${name} ${count}`);
  return `${counts.join(', ')}, completed by Workers ${tally.get('files completed')}`;
}
