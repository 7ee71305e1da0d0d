import type { MassiveProgress } from '../contract/messages.ts';
import type { CatalogueCounts } from '../supabase/types.ts';
import { CommandError, EXIT, type ExitCode } from './exit.ts';
import { describeProgress, massiveNames, queryProgress } from './massive.ts';
import type { Outcome, Session } from './run.ts';
import { openSupabase } from './supabase.ts';

/** A collection, as far as it can be seen. */
export interface CollectionStatus {
  readonly collection: string;
  readonly running: boolean;
  /** Null where it is not running, or where no worker answers. */
  readonly progress: MassiveProgress | null;
  /** Null where Supabase is not configured. */
  readonly catalogue: CatalogueCounts | null;
  readonly exitCode: ExitCode;
  /** What is wrong and what to do, for people. */
  readonly problem?: string | undefined;
}

/** `legisync massive status`: what is running, and what the catalogue holds. Ends with the first problem's exit code. */
export async function massiveStatus(session: Session, named: string | undefined): Promise<Outcome> {
  const statuses: CollectionStatus[] = [];
  for (const name of massiveNames(session, named)) statuses.push(await collectionStatus(session, name));
  const exitCode = statuses.find((status) => status.exitCode !== EXIT.ok)?.exitCode ?? EXIT.ok;
  return { data: { collections: statuses.map(forJson) }, lines: statuses.flatMap(describeStatus), exitCode };
}

/** Where a collection stands; a workflow that does not run, or a missing worker, is part of the answer. */
export async function collectionStatus(session: Session, collection: string): Promise<CollectionStatus> {
  const catalogue = (await (await openSupabase(session.config))?.catalogue.counts(collection)) ?? null;
  try {
    const progress = await queryProgress(session, collection);
    return { collection, running: true, progress, catalogue, exitCode: EXIT.ok };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const { exitCode, message, next } = error;
    const running = exitCode === EXIT.noWorker;
    return { collection, running, progress: null, catalogue, exitCode, problem: `${message} Next: ${next}` };
  }
}

/** The public form. */
export function forJson({ collection, running, progress, catalogue }: CollectionStatus) {
  return { collection, running, progress, catalogue };
}

/** Some lines for people. */
export function describeStatus({ collection, progress, catalogue, problem }: CollectionStatus): string[] {
  const lines = [
    progress === null ? `${collection}: ${problem ?? 'not running'}` : describeProgress(progress),
  ];
  if (catalogue !== null) {
    lines.push(`  catalogue, pass ${catalogue.pass}: ${pairs(catalogue.documents) || 'no documents yet'}`);
    if (catalogue.openSlices > 0) lines.push(`  slices still to enumerate: ${catalogue.openSlices}`);
    for (const { source, code, message } of catalogue.parkedSlices) {
      lines.push(`  parked slice of ${source}: ${code}: ${message}`);
    }
    if (Object.keys(catalogue.failures).length > 0) lines.push(`  failures: ${pairs(catalogue.failures)}`);
  }
  return lines;
}

function pairs(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
