import type { Config } from '../../config/config.ts';
import {
  FULL_READING_TIMED_OUT,
  type CoherenceKind,
  type CoherenceReading,
  type CoherenceVerdict,
  type FullReading,
} from '../../contract/coherence.ts';
import { judge, missingInQueue } from '../../coherence/verdict.ts';
import { nullOnTimeout } from '../../supabase/timeouts.ts';
import { CommandError, EXIT } from '../../cli/exit.ts';
import type { Outcome } from '../../cli/run.ts';
import { requireSupabase } from '../../cli/supabase.ts';
import { tableLines } from '../../cli/text/table.ts';
import { localTime } from '../../cli/text/time.ts';

/**
 * `legisync coherence`: compares Storage and files_queue through the API, without Temporal. The
 * exit code is 1 if they differ by more than the limits.
 */
export async function coherence(config: Config, options: { readonly cheap?: boolean }): Promise<Outcome> {
  const reading = await measure(config, options.cheap === true ? 'cheap' : 'full');
  const verdict = judge(reading, config.coherence);
  return {
    data:
      reading.kind === 'full'
        ? { reading, missingInQueue: missingInQueue(reading), verdict }
        : { reading, verdict },
    lines: describeCoherence(reading, verdict),
    exitCode: verdict.state === 'coherent' ? EXIT.ok : EXIT.failed,
  };
}

async function measure(config: Config, kind: CoherenceKind): Promise<CoherenceReading> {
  const { bucket, coherence: settings } = config;
  const supabase = await requireSupabase(config);
  const reading = () => supabase.coherence.measure({ bucket, kind, graceSeconds: settings.graceSeconds });
  if (kind === 'cheap') return reading();
  const full = await nullOnTimeout(reading);
  if (full !== null) return full;
  const next = 'legisync coherence --cheap';
  throw new CommandError(EXIT.supabase, 'DATABASE_TIMEOUT', FULL_READING_TIMED_OUT, next);
}

/** A reading and its verdict for people. */
export function describeCoherence(reading: CoherenceReading, verdict: CoherenceVerdict): string[] {
  const { storage, queue } = reading;
  const table = tableLines(
    [
      ['source', 'left'],
      ['total_files', 'right'],
      ['total_size', 'left'],
    ],
    [
      ['Storage', storage.count, storage.size],
      ['files_queue', queue.count, queue.size],
    ],
  );
  const full = reading.kind === 'full' ? [...classes(reading), '', ...categories(reading), ''] : [];
  return [...table, '', ...full, ...gaps(verdict), pending(reading), '', ...verdictLines(verdict)];
}

function classes(reading: FullReading): string[] {
  const theirs = missingInQueue(reading);
  const grace = `${reading.graceSeconds} s`;
  const rows: readonly (readonly [string, number, string])[] = [
    ['missing', reading.missing, `files without a row, older than ${grace} or of a document in no batch`],
    ['in flight', reading.inFlight, 'the other files without a row'],
    [
      'dangling',
      reading.dangling,
      `rows without a file, older than ${grace} (${reading.danglingMarked} marked)`,
    ],
    ['rows in flight', reading.rowsInFlight, 'the same, but younger'],
    ['marked but back', reading.markedButBack, 'rows marked as dangling whose file is back'],
    ['stale', reading.stale, 'rows whose file has other, newer content'],
    ['size mismatches', reading.sizeMismatches, 'rows whose size differs from that of their file'],
    ['rows without size', reading.rowsWithoutSize, 'rows whose size is unknown'],
    ['requeued', reading.requeued.count, 'rows with new content, whose Worker has not finished the old one'],
    ['placeholders', reading.placeholders, 'folders, and the files that a dashboard puts into empty ones'],
    ['held', reading.heldByOtherBucket, 'files whose path is held by a row of another bucket'],
    ['rows elsewhere', reading.rowsOfOtherBuckets, 'rows of other buckets'],
    ['missing_in_queue', theirs.count, `all objects without a row: missing, ${theirs.difference}`],
  ];
  return tableLines(
    [
      ['what', 'left'],
      ['count', 'right'],
      ['meaning', 'left'],
    ],
    rows,
  ).slice(0, -1);
}

function categories({ categories: all }: FullReading): string[] {
  return tableLines(
    [
      ['category', 'left'],
      ['objects', 'right'],
      ['rows', 'right'],
      ['missing', 'right'],
      ['in_flight', 'right'],
      ['dangling', 'right'],
      ['stale', 'right'],
      ['sizes', 'right'],
    ],
    all.map((one) => [
      one.category,
      one.objects,
      one.rows,
      one.missing,
      one.inFlight,
      one.dangling,
      one.stale,
      one.sizeMismatches,
    ]),
  );
}

function gaps({ gaps: { counts, missing, dangling } }: CoherenceVerdict): string[] {
  const sides = missing === null || dangling === null ? '' : `; missing ${missing} %, dangling ${dangling} %`;
  return [`gap: counts ${counts} %${sides}`];
}

function pending({ at, oldestPending }: CoherenceReading): string {
  if (oldestPending === null) return 'oldest pending row: none';
  const minutes = Math.max(0, Math.floor((Date.parse(at) - Date.parse(oldestPending)) / 60_000));
  const age = `${Math.floor(minutes / 1_440)} d ${Math.floor((minutes % 1_440) / 60)} h ${minutes % 60} min`;
  return `oldest pending row: ${localTime(oldestPending)}, ${age} ago`;
}

function verdictLines({ state, reasons, notes, next }: CoherenceVerdict): string[] {
  return [
    `Verdict: ${state}`,
    ...reasons.map((reason) => `  ! ${reason}`),
    ...notes.map((note) => `  - ${note}`),
    ...(next === null ? [] : [`Next: ${next}`]),
  ];
}
