import type { Config } from '../../config/config.ts';
import { EXAMPLES } from '../../contract/coherence.ts';
import { CommandError, EXIT } from '../../cli/exit.ts';
import { psqlTable, shownTime, type Columns } from '../../cli/table.ts';
import type { Outcome } from '../../cli/run.ts';
import { requireSupabase } from '../../cli/supabase.ts';

interface LimitOption {
  readonly limit?: string | undefined;
}

const PATH_AND_SIZE: Columns = [
  ['path', 'left'],
  ['size', 'right'],
];

/** `legisync missing`: files without a row, older than the grace time. */
export async function missing(config: Config, options: LimitOption): Promise<Outcome> {
  const { coherence, input } = await questionOf(config, options, 'missing');
  const files = await coherence.missing(input);
  return {
    data: { missing: files },
    lines: psqlTable(
      [...PATH_AND_SIZE, ['written', 'left']],
      files.map(({ path, size, at }) => [path, size, shownTime(at)]),
    ),
  };
}

/** `legisync dangling`: rows without a file, older than the grace time, or marked. */
export async function dangling(config: Config, options: LimitOption): Promise<Outcome> {
  const { coherence, input } = await questionOf(config, options, 'dangling');
  const rows = await coherence.dangling(input);
  return {
    data: { dangling: rows },
    lines: psqlTable(
      [...PATH_AND_SIZE, ['row written', 'left'], ['status', 'left'], ['marked', 'left']],
      rows.map(({ path, size, at, status, markedAt }) => [
        path,
        size,
        shownTime(at),
        status,
        shownTime(markedAt),
      ]),
    ),
  };
}

/** `legisync stale`: rows that stand for other content than their file has. */
export async function stale(config: Config, options: LimitOption): Promise<Outcome> {
  const { coherence, input } = await questionOf(config, options, 'stale');
  const rows = await coherence.stale(input);
  return {
    data: { stale: rows },
    lines: psqlTable(
      [...PATH_AND_SIZE, ['written', 'left'], ['row written', 'left'], ['status', 'left']],
      rows.map(({ path, size, at, rowAt, status }) => [path, size, shownTime(at), shownTime(rowAt), status]),
    ),
  };
}

async function questionOf(
  config: Config,
  { limit = String(EXAMPLES.default) }: LimitOption,
  command: string,
) {
  const value = Number(limit);
  if (!/^\d+$/.test(limit) || value < 1 || value > EXAMPLES.max) {
    throw new CommandError(
      EXIT.usage,
      'USAGE',
      `--limit must be a whole number from 1 to ${EXAMPLES.max}; it is ${JSON.stringify(limit)}.`,
      `legisync ${command} --help`,
    );
  }
  const { coherence } = await requireSupabase(config);
  const { graceSeconds } = config.coherence;
  return { coherence, input: { bucket: config.bucket, graceSeconds, limit: value } };
}
