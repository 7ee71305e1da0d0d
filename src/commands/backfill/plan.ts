import type { BackfillPlan, BackfillRun } from '../../contract/backfill.ts';
import type { Config } from '../../config/config.ts';
import { readBackfillFlags, type BackfillFlags, type BackfillRequest } from './options.ts';
import type { Outcome } from '../../cli/run.ts';
import { requireSupabase } from '../../cli/supabase.ts';

/** The expected duration of a run. */
export interface Expectation {
  readonly chunks: number;
  readonly seconds: number;
  /** The source of the speed: the last run of this bucket, or a benchmark of legisync. */
  readonly basis: 'the last run' | 'a benchmark on two cores';
}

/**
 * Objects are read three times: to queue, to catch up and to verify. Filling in sizes reads rows
 * once.
 */
const PASSES = 3;
/** Writing a row costs as much as reading nine objects. Measured with 1.4 million objects. */
const ROW_WEIGHT = 9;
/** Seconds to read an object, from the same measurement. */
const MEASURED_SECONDS = 1.2e-6;

/** The duration of a run, estimated from the objects that it reads and the rows that it writes. */
export function expectationOf(
  plan: BackfillPlan,
  { chunk, options }: BackfillRequest,
  last: BackfillRun | null,
): Expectation {
  const unit = last === null ? null : secondsPerObject(last);
  const [toRead, reads, toWrite] =
    options.kind === 'sizes' ? [plan.rows, 1, plan.withoutSize] : [plan.objects, PASSES, plan.missing];
  return {
    chunks: Math.ceil(toRead / chunk),
    seconds: (reads * toRead + ROW_WEIGHT * toWrite) * (unit ?? MEASURED_SECONDS),
    basis: unit === null ? 'a benchmark on two cores' : 'the last run',
  };
}

/** Null if the last run gives no estimate: it is unfinished, or read too few objects. */
function secondsPerObject({ state, kind, scanned, queued, busySeconds }: BackfillRun): number | null {
  if (state !== 'completed' || kind !== 'queue' || scanned < 10_000) return null;
  return busySeconds / (PASSES * scanned + ROW_WEIGHT * queued);
}

/** `legisync backfill --dry-run`: counts only. It needs no Temporal server. */
export async function backfillDryRun(config: Config, flags: BackfillFlags): Promise<Outcome> {
  const { bucket } = config;
  const request = readBackfillFlags(flags, config);
  const supabase = await requireSupabase(config);
  const plan = await supabase.backfill.plan(bucket, request.options.prefix);
  const last = await supabase.backfill.last(bucket);
  const expectation = expectationOf(plan, request, last);
  const unfinished = last?.state === 'running' ? last : null;
  return {
    data: { bucket, ...request, plan, expectation, unfinished },
    lines: [
      ...describePlan(plan, request, expectation),
      ...(unfinished === null
        ? []
        : [
            `Run ${unfinished.id} is unfinished: ${unfinished.scanned} objects read, ${unfinished.queued} queued (use --resume or --restart).`,
          ]),
      'Nothing was changed (--dry-run).',
    ],
  };
}

/** Whether a run of this plan would change nothing. */
export function isNothingToDo(plan: BackfillPlan, { kind }: BackfillRequest['options']): boolean {
  return kind === 'sizes' ? plan.withoutSize === 0 : plan.missing === 0;
}

/** The outcome of a backfill that would change nothing. */
export function nothingToDo(plan: BackfillPlan, { options }: BackfillRequest): Outcome {
  return { data: { nothingToDo: true, plan }, lines: whatThereIs(plan, options) };
}

/** A plan for people. */
export function describePlan(
  plan: BackfillPlan,
  { options, chunk }: BackfillRequest,
  { chunks, seconds, basis }: Expectation,
): string[] {
  const time = `Chunks of ${chunk}: ${chunks}; about ${duration(seconds)} (estimated from ${basis}).`;
  if (isNothingToDo(plan, options)) return whatThereIs(plan, options);
  if (options.kind === 'sizes') return [...whatThereIs(plan, options), time];
  const rows = rowsAre(plan.missing, options.finished, options.before);
  return [...whatThereIs(plan, options), rows, time];
}

/** The counts of a plan. Zeros are explained, because a misspelt prefix looks like that. */
function whatThereIs(plan: BackfillPlan, { kind, prefix }: BackfillRequest['options']): string[] {
  const under = prefix === '' ? '' : ` under ${prefix}`;
  if (kind === 'sizes') {
    return plan.withoutSize === 0
      ? [`Every row${under} has a size: there is nothing to fill in.`]
      : [`${plan.withoutSize} rows${under} have no size and get the size of their file.`];
  }
  if (plan.files === 0) {
    return [
      `The bucket has no file${under}${prefix === '' ? '' : `, and ${plan.objects} objects in all`}: there is nothing to queue.`,
    ];
  }
  return [
    plan.missing === 0
      ? `${plan.files} files${under}, and each has a row: there is nothing to queue.`
      : `${plan.files} files${under}, ${plan.missing} of them without a row (${gigabytes(plan.missingBytes)}).`,
    ...(plan.heldByOtherBucket === 0
      ? []
      : [
          `${plan.heldByOtherBucket} files have a path that a row of another bucket holds; they are left alone.`,
        ]),
  ];
}

function rowsAre(missing: number, finished: boolean, before: string | undefined): string {
  if (!finished) return `${missing} new rows will be pending: your Workers process each of these files.`;
  return before === undefined
    ? 'New rows are written as processed: no Worker processes these files again.'
    : `New rows of files last written before ${before} are written as processed; the others are pending.`;
}

function duration(seconds: number): string {
  return seconds < 90 ? `${Math.max(1, Math.ceil(seconds))} s` : `${Math.ceil(seconds / 60)} min`;
}

function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
