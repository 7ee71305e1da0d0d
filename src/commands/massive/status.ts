import { LegisyncError, remedyOf } from '../../contract/failures.ts';
import type { MassiveProgress } from '../../contract/collecting.ts';
import type { CatalogueCounts, SliceKey } from '../../supabase/types.ts';
import type { Failure } from '../../cli/errors.ts';
import { CommandError, EXIT } from '../../cli/exit.ts';
import {
  describeFailing,
  exitCodeOfFailing,
  failingActivities,
  type FailingActivities,
} from '../../cli/inspect/failing.ts';
import { describeOtherBuild, otherBuild, type OtherBuild } from '../../cli/inspect/otherBuild.ts';
import { massiveWorkflowId } from '../../contract/names.ts';
import { failureOf, type Outcome, type Session } from '../../cli/run.ts';
import { openSupabase } from '../../cli/supabase.ts';
import { describeHoldUp, describePace, describeProgress, massiveNames } from './control.ts';
import { massiveProgress } from './workflow.ts';

/** A part of the status, or why it is not available; both null if Supabase is not configured. */
interface Found<T> {
  readonly value: T | null;
  readonly problem: Failure | null;
}

/** The status of a collection. Parts of it may be missing. */
export interface CollectionStatus {
  readonly collection: string;
  readonly progress: Found<MassiveProgress>;
  /** The activities that Temporal retries, by failure code. */
  readonly failing: readonly FailingActivities[];
  readonly catalogue: Found<CatalogueCounts>;
  /** Set if workers of another build must continue it. */
  readonly otherBuild: OtherBuild | null;
}

/**
 * Deadline for the counts of the catalogue. Shorter than the 40 s of other requests: a person waits
 * for the status, and the rest of it is useful without the counts.
 */
const COUNTS_TIMEOUT_MS = 10_000;

/**
 * `legisync massive status`: progress and catalogue. The exit code is that of the first problem,
 * or else of the first failing activity that waits for a person.
 */
export async function massiveStatus(session: Session, named: string | undefined): Promise<Outcome> {
  const statuses = await collectionStatuses(session, massiveNames(session.config, named));
  const codes = [
    ...statuses.flatMap(problemsOf).map(({ exitCode }) => exitCode),
    ...statuses.flatMap(({ failing }) => failing.map(exitCodeOfFailing)),
  ];
  return {
    data: { collections: statuses.map(forJson) },
    lines: statuses.flatMap(describeStatus),
    exitCode: codes.find((code) => code !== EXIT.ok) ?? EXIT.ok,
  };
}

/**
 * The status of several collections. A workflow that is not running, a missing worker and an outage
 * of Supabase are part of the status. All are queried concurrently, so several deadlines pass at
 * once.
 */
export async function collectionStatuses(
  session: Session,
  collections: readonly string[],
): Promise<CollectionStatus[]> {
  return allSettled(
    collections.map(async (collection) => {
      const [progress, failing, catalogue, other] = await allSettled([
        progressOf(session, collection),
        failingActivities(session, massiveWorkflowId(collection)),
        catalogueOf(session, collection),
        otherBuild(session, massiveWorkflowId(collection)),
      ]);
      return { collection, progress, failing, catalogue, otherBuild: other };
    }),
  );
}

/**
 * Like `Promise.all`, but fails only after all have ended: a call that outlives the failure of
 * another one would meet a closed connection.
 */
async function allSettled<T extends readonly unknown[] | []>(
  promises: T,
): Promise<{ -readonly [P in keyof T]: Awaited<T[P]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

async function progressOf(session: Session, collection: string): Promise<Found<MassiveProgress>> {
  try {
    return { value: await massiveProgress(session, collection), problem: null };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { value: null, problem: failureOf(session.io, error) };
  }
}

async function catalogueOf({ config, io }: Session, collection: string): Promise<Found<CatalogueCounts>> {
  try {
    const supabase = await openSupabase(config, { requestTimeoutMs: COUNTS_TIMEOUT_MS });
    return { value: (await supabase?.catalogue.counts(collection)) ?? null, problem: null };
  } catch (error) {
    if (!(error instanceof LegisyncError)) throw error;
    return { value: null, problem: failureOf(io, error) };
  }
}

/** Why parts of the status are missing. */
export function problemsOf({ progress, catalogue }: CollectionStatus): Failure[] {
  return [progress.problem, catalogue.problem].filter((problem) => problem !== null);
}

/** The public form, for `--json`. */
export function forJson(status: CollectionStatus) {
  const { collection, progress, failing, catalogue, otherBuild } = status;
  return {
    collection,
    running: progress.problem?.exitCode !== EXIT.notRunning,
    progress: progress.value,
    failing,
    catalogue: catalogue.value,
    otherBuild,
    problems: problemsOf(status).map(({ code, message, next }) => ({ code, message, next })),
  };
}

/** Several lines for people. */
function describeStatus(status: CollectionStatus): string[] {
  const { value } = status.progress;
  return [...(value === null ? [] : [describeProgress(value), ...describePace(value)]), ...detailsOf(status)];
}

/** What the table of `legisync status` does not show, for people. */
export function describeDetails(status: CollectionStatus): string[] {
  const { collection, progress } = status;
  const reason = progress.value?.pauseReason ?? '';
  const details = detailsOf(status);
  if (reason === '' && details.length === 0) return [];
  if (progress.value === null) return details;
  return [`${collection}:`, ...(reason === '' ? [] : [`  reason of the pause: ${reason}`]), ...details];
}

function detailsOf(status: CollectionStatus): string[] {
  const { collection, progress, failing, catalogue } = status;
  return [
    ...(progress.value === null ? [] : describeHoldUp(progress.value)),
    ...(progress.problem === null ? [] : describeProblem(`${collection}: `, progress.problem)),
    ...(status.otherBuild === null ? [] : describeOtherBuild(status.otherBuild).map((line) => `  ${line}`)),
    ...failing.flatMap(describeFailing),
    ...(catalogue.value === null ? [] : describeCounts(catalogue.value)),
    ...(catalogue.problem === null ? [] : describeProblem('  catalogue: ', catalogue.problem)),
  ];
}

function describeCounts(counts: CatalogueCounts): string[] {
  const lines = [`  catalogue, pass ${counts.pass}: ${pairs(counts.documents) || 'no documents yet'}`];
  if (counts.openSlices > 0) lines.push(`  slices still to enumerate: ${counts.openSlices}`);
  for (const { source, key, code, message } of counts.parkedSlices) {
    lines.push(`  parked slice of ${source}${describeKey(key)}: ${code}: ${message}`);
  }
  const unnamed = counts.parkedSliceCount - counts.parkedSlices.length;
  if (unnamed > 0) lines.push(`  other parked slices: ${unnamed}`);
  for (const code of new Set(counts.parkedSlices.map((parked) => parked.code))) {
    lines.push(`  Next: for ${code}: ${remedyOf(code)} The next pass tries again.`);
  }
  if (Object.keys(counts.failures).length > 0) lines.push(`  failures: ${pairs(counts.failures)}`);
  for (const { source, code, count } of counts.unavailable) {
    const where = code === '' ? source : `${source}, ${code}`;
    lines.push(`  unavailable in ${where}: ${count}, each asked for again within a week`);
  }
  return lines;
}

/** The part of its source that a slice is, to follow the source's name. */
function describeKey(key: SliceKey): string {
  switch (key.kind) {
    case 'source':
      return '';
    case 'code':
      return `, code ${key.code}`;
    case 'window':
      return `, ${key.from} to ${key.to}`;
    case 'undated':
      return ', without a date';
  }
}

function describeProblem(label: string, { code, message, next }: Failure): string[] {
  return [`${label}${code}: ${message}`, `  Next: ${next}`];
}

function pairs(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
