import type { Config } from '../../config/config.ts';
import { EXAMPLES } from '../../contract/limits.ts';
import type { Outcome } from '../../cli/run.ts';
import { requireSupabase } from '../../cli/supabase.ts';
import { tableLines, type Columns } from '../../cli/text/table.ts';
import { localTime } from '../../cli/text/time.ts';
import { readWholeNumber } from '../../cli/wholeNumber.ts';

interface LimitOption {
  readonly limit?: string | undefined;
}

const PATH_AND_SIZE: Columns = [
  ['path', 'left'],
  ['size', 'right'],
];

/** `legisync missing`: files without a row, older than the grace time. */
export async function missing(config: Config, options: LimitOption): Promise<Outcome> {
  const { coherence, input } = await openCoherence(config, options, 'missing');
  const files = await coherence.missing(input);
  return {
    data: { missing: files },
    lines: tableLines(
      [...PATH_AND_SIZE, ['written', 'left']],
      files.map(({ path, size, at }) => [path, size, localTime(at)]),
    ).concat(
      `Younger files without a row are not listed while they may be in flight (${input.graceSeconds} s): \`legisync coherence\` counts them.`,
    ),
  };
}

/** `legisync dangling`: rows without a file, older than the grace time, or marked. */
export async function dangling(config: Config, options: LimitOption): Promise<Outcome> {
  const { coherence, input } = await openCoherence(config, options, 'dangling');
  const rows = await coherence.dangling(input);
  return {
    data: { dangling: rows },
    lines: tableLines(
      [...PATH_AND_SIZE, ['row written', 'left'], ['status', 'left'], ['marked', 'left']],
      rows.map(({ path, size, at, status, markedAt }) => [
        path,
        size,
        localTime(at),
        status,
        localTime(markedAt),
      ]),
    ),
  };
}

/** `legisync stale`: rows whose file has other, newer content. */
export async function stale(config: Config, options: LimitOption): Promise<Outcome> {
  const { coherence, input } = await openCoherence(config, options, 'stale');
  const rows = await coherence.stale(input);
  return {
    data: { stale: rows },
    lines: tableLines(
      [...PATH_AND_SIZE, ['written', 'left'], ['row written', 'left'], ['status', 'left']],
      rows.map(({ path, size, at, rowAt, status }) => [path, size, localTime(at), localTime(rowAt), status]),
    ),
  };
}

async function openCoherence(
  config: Config,
  { limit = String(EXAMPLES.default) }: LimitOption,
  command: string,
) {
  const bounds = { min: 1, max: EXAMPLES.max };
  const examples = readWholeNumber(limit, bounds, { name: '--limit', next: `legisync ${command} --help` });
  const { coherence } = await requireSupabase(config);
  const { graceSeconds } = config.coherence;
  return { coherence, input: { bucket: config.bucket, graceSeconds, limit: examples } };
}
