import { LegisyncError } from '../../contract/failures.ts';
import type { MassiveProgress } from '../../contract/collecting.ts';
import type { CatalogueCounts } from '../../supabase/types.ts';
import { queryProgress } from './ask.ts';
import type { Failure } from '../../cli/errors.ts';
import { CommandError, EXIT } from '../../cli/exit.ts';
import { describeProgress, massiveNames } from './steer.ts';
import { failureOf, type Outcome, type Session } from '../../cli/run.ts';
import { openSupabase } from '../../cli/supabase.ts';

/** A part of the answer, or why it could not be had; both null where there is nothing to ask. */
interface Found<T> {
  readonly value: T | null;
  readonly problem: Failure | null;
}

/** A collection, as far as it can be seen. */
export interface CollectionStatus {
  readonly collection: string;
  readonly progress: Found<MassiveProgress>;
  readonly catalogue: Found<CatalogueCounts>;
}

/**
 * Somebody looks at the screen: an answer without the catalogue now is worth more than one with it after the 40 s that
 * the collection itself is ready to wait.
 */
const COUNTS_TIMEOUT_MS = 10_000;

/** `legisync massive status`: what is running, and what the catalogue holds. Ends with the first problem's exit code. */
export async function massiveStatus(session: Session, named: string | undefined): Promise<Outcome> {
  const statuses = await collectionStatuses(session, massiveNames(session, named));
  const [first] = statuses.flatMap(problemsOf);
  return {
    data: { collections: statuses.map(forJson) },
    lines: statuses.flatMap(describeStatus),
    exitCode: first?.exitCode ?? EXIT.ok,
  };
}

/**
 * Where collections stand. A workflow that does not run, a missing worker, and a Supabase that does not answer are part
 * of the answer. They are asked side by side, so that what does not answer is waited for once.
 */
export function collectionStatuses(
  session: Session,
  collections: readonly string[],
): Promise<CollectionStatus[]> {
  return Promise.all(
    collections.map(async (collection) => {
      const [progress, catalogue] = await Promise.all([
        progressOf(session, collection),
        catalogueOf(session, collection),
      ]);
      return { collection, progress, catalogue };
    }),
  );
}

async function progressOf(session: Session, collection: string): Promise<Found<MassiveProgress>> {
  try {
    return { value: await queryProgress(session, collection), problem: null };
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

function problemsOf({ progress, catalogue }: CollectionStatus): Failure[] {
  return [progress.problem, catalogue.problem].filter((problem) => problem !== null);
}

/** The public form. */
export function forJson(status: CollectionStatus) {
  const { collection, progress, catalogue } = status;
  return {
    collection,
    running: progress.problem?.exitCode !== EXIT.notRunning,
    progress: progress.value,
    catalogue: catalogue.value,
    problems: problemsOf(status).map(({ code, message, next }) => ({ code, message, next })),
  };
}

/** Some lines for people. */
export function describeStatus({ collection, progress, catalogue }: CollectionStatus): string[] {
  return [
    ...(progress.value === null ? [] : [describeProgress(progress.value)]),
    ...(progress.problem === null ? [] : [`${collection}: ${describeProblem(progress.problem)}`]),
    ...(catalogue.value === null ? [] : describeCounts(catalogue.value)),
    ...(catalogue.problem === null ? [] : [`  catalogue: ${describeProblem(catalogue.problem)}`]),
  ];
}

function describeCounts(counts: CatalogueCounts): string[] {
  const lines = [`  catalogue, pass ${counts.pass}: ${pairs(counts.documents) || 'no documents yet'}`];
  if (counts.openSlices > 0) lines.push(`  slices still to enumerate: ${counts.openSlices}`);
  for (const { source, code, message } of counts.parkedSlices) {
    lines.push(`  parked slice of ${source}: ${code}: ${message}`);
  }
  const unnamed = counts.parkedSliceCount - counts.parkedSlices.length;
  if (unnamed > 0) lines.push(`  parked slices besides these: ${unnamed}`);
  if (Object.keys(counts.failures).length > 0) lines.push(`  failures: ${pairs(counts.failures)}`);
  return lines;
}

function describeProblem({ message, next }: Failure): string {
  return `${message} Next: ${next}`;
}

function pairs(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
