import type { Config } from '../../config/config.ts';
import type { Controls, MassiveInput } from '../../contract/collecting.ts';
import { PRIORITY } from '../../contract/limits.ts';
import { remedyOf } from '../../contract/failures.ts';
import { massiveWorkflowId, WORKFLOWS } from '../../contract/names.ts';
import { startAttributes } from '../../temporal/searchAttributes.ts';
import { definitionOf } from '../../cli/collectionNames.ts';
import { CommandError } from '../../cli/exit.ts';
import { describeOtherBuild, otherBuild } from '../../cli/inspect/otherBuild.ts';
import { failIfStuck } from '../../cli/inspect/stuck.ts';
import type { Session } from '../../cli/run.ts';
import { startOrJoin } from '../../cli/startWorkflow.ts';
import { firstFailure, type FirstFailure } from '../../cli/starting/firstFailure.ts';
import { openSupabase } from '../../cli/supabase.ts';
import { warnWithoutWorkers } from '../../cli/workers.ts';
import { massiveProgress } from './workflow.ts';

/** The result of starting a MASSIVE collection. */
export interface MassiveStart {
  readonly collection: string;
  readonly workflowId: string;
  /** False if it was already running: nothing has changed then. */
  readonly started: boolean;
  readonly controls: Controls;
  /** Why it makes no progress so far; null if nothing has failed. */
  readonly problem: FirstFailure | null;
}

/**
 * Starts the MASSIVE workflows of several collections, and watches them for a few seconds: what
 * they wait for must not show only in the log of a worker.
 *
 * @throws CommandError `WORKFLOW_STUCK` for the first that already ran and whose workflow tasks fail
 */
export async function startAll(session: Session, collections: readonly string[]): Promise<MassiveStart[]> {
  const starts: MassiveStart[] = [];
  for (const name of collections) starts.push(await startMassive(session, name));
  // One that was just started has not failed yet.
  for (const { workflowId, started } of starts) if (!started) await failIfStuck(session, workflowId);
  if (!(await warnWithoutWorkers(session))) return starts;
  for (const { workflowId, started } of starts) if (!started) await warnOfOtherBuild(session, workflowId);
  return Promise.all(
    starts.map(async (start) => ({
      ...start,
      problem: start.controls.paused ? null : await problemOf(session, start),
    })),
  );
}

async function warnOfOtherBuild(session: Session, workflowId: string): Promise<void> {
  const found = await otherBuild(session, workflowId);
  if (found !== null) session.io.err(`Warning: ${describeOtherBuild(found).join('\n')}`);
}

/** What keeps a collection from progress: a failing activity, or what holds up its lanes. */
async function problemOf(
  session: Session,
  { collection, workflowId, started }: MassiveStart,
): Promise<FirstFailure | null> {
  const handle = session.temporal.client.workflow.getHandle(workflowId);
  const failure = await firstFailure(session, handle);
  if (failure !== null || started) return failure;
  try {
    const { holdUp } = await massiveProgress(session, collection);
    if (holdUp === null) return null;
    return { code: holdUp.code, message: holdUp.message, next: remedyOf(holdUp.code) };
  } catch (error) {
    // It runs, which is what was asked for. What holds it up is not known.
    if (!(error instanceof CommandError)) throw error;
    session.io.err(`Warning: ${error.code}: ${error.message}\nNext: ${error.next}`);
    return null;
  }
}

/**
 * Starts the MASSIVE workflow of a collection, unless it is already running. It starts with the
 * controls that Postgres has stored, so a paused collection stays paused even if Temporal's
 * database was lost.
 */
async function startMassive(session: Session, collection: string): Promise<MassiveStart> {
  const { sources } = definitionOf(session.config, collection);
  const controls = await storedControls(session.config, collection);
  const workflowId = massiveWorkflowId(collection);
  const input: MassiveInput = { collection, controls };
  const { started } = await startOrJoin(session, {
    type: WORKFLOWS.massive,
    workflowId,
    input,
    attributes: startAttributes(collection, controls.paused ? 'paused' : 'collecting'),
    priorityKey: PRIORITY.massive,
    summary: `MASSIVE collection of ${collection}`,
    details: `Sources: ${sources.map(({ name, kind }) => `${name} (${kind})`).join(', ')}. Runs until it is stopped: \`legisync massive stop ${collection}\`.`,
  });
  return { collection, workflowId, started, controls, problem: null };
}

async function storedControls(config: Config, collection: string): Promise<Controls> {
  const supabase = await openSupabase(config);
  return (await supabase?.catalogue.controls(collection)) ?? { paused: false, lanes: config.massive.lanes };
}

/** One line for people, and two more if it makes no progress. */
export function describeStart(start: MassiveStart): string[] {
  const { problem } = start;
  if (problem === null) return [describeState(start)];
  return [
    describeState(start),
    `  It makes no progress: ${problem.code}: ${problem.message}`,
    `  Next: ${problem.next}`,
  ];
}

function describeState({ collection, started, controls }: MassiveStart): string {
  if (!started) return `${collection}: already running; nothing to do`;
  return controls.paused
    ? `${collection}: started, still paused; resume it with: legisync massive resume ${collection}`
    : `${collection}: started with ${controls.lanes} lanes`;
}
