import { WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import type { Collection } from '../../contract/collections.ts';
import type { MaintenanceInput, MaintenanceResult } from '../../contract/collecting.ts';
import { maintenanceWorkflowId, PRIORITY, WORKFLOWS } from '../../contract/names.ts';
import { startAttributes } from '../../temporal/searchAttributes.ts';
import { definitionOf, namesOf } from '../../cli/collectionNames.ts';
import { CommandError, EXIT } from '../../cli/exit.ts';
import { untilInterrupted } from '../../cli/interrupt.ts';
import { withDeadline, type Outcome, type Session } from '../../cli/run.ts';
import { warnWithoutWorkers } from '../../cli/workers.ts';

export interface MaintenanceOptions {
  /** Only these sources, with commas between. */
  readonly sources?: string | undefined;
  /** At most this many documents; default: the setting. */
  readonly limit?: string | undefined;
  /** Start, and do not wait. */
  readonly detach?: boolean | undefined;
}

interface MaintenanceRun {
  readonly collection: string;
  readonly workflowId: string;
  /** False where a run was going on already: its result is waited for, with the options it was started with. */
  readonly started: boolean;
  /** Null with `--detach`. */
  readonly result: MaintenanceResult | null;
}

/** `legisync maintenance run`: one run for each collection, one after the other. */
export async function maintenanceRun(
  session: Session,
  named: string | undefined,
  options: MaintenanceOptions,
): Promise<Outcome> {
  const { maintenance } = session.config;
  const names = namesOf(named, { setting: 'LEGISYNC_MAINTENANCE', names: maintenance.collections });
  const inputs = names.map((name) => inputOf(definitionOf(session.config, name), options, maintenance.limit));
  await warnWithoutWorkers(session);
  const runs: MaintenanceRun[] = [];
  for (const input of inputs) runs.push(await runOne(session, input, options.detach === true));
  return { data: { runs }, lines: runs.map(describeRun) };
}

/** The input of a run. @throws CommandError where a source is unknown or the limit is out of bounds. */
function inputOf(
  definition: Collection,
  options: MaintenanceOptions,
  defaultLimit: number,
): MaintenanceInput {
  const collection = definition.name;
  const limit = options.limit === undefined ? defaultLimit : parseLimit(options.limit);
  if (options.sources === undefined) return { collection, limit };
  const known = definition.sources.map(({ name }) => name);
  const sources = options.sources.split(',').map((name) => name.trim());
  const unknown = sources.filter((name) => !known.includes(name));
  if (unknown.length === 0) return { collection, sources, limit };
  throw new CommandError(
    EXIT.usage,
    'UNKNOWN_SOURCE',
    `Collection ${collection} has no source ${JSON.stringify(unknown.join(', '))}; it has: ${known.join(', ')}.`,
    `legisync maintenance run ${collection} --sources ${known.join(',')}`,
  );
}

function parseLimit(text: string): number {
  const limit = Number(text);
  // The bounds of LEGISYNC_MAINTENANCE_LIMIT: a run is one batch of work.
  if (/^\d+$/.test(text) && limit >= 1 && limit <= 100) return limit;
  throw new CommandError(
    EXIT.usage,
    'USAGE',
    `--limit must be a whole number from 1 to 100; it is ${JSON.stringify(text)}.`,
    'legisync maintenance run --limit 100',
  );
}

async function runOne(session: Session, input: MaintenanceInput, detach: boolean): Promise<MaintenanceRun> {
  const { collection } = input;
  const workflowId = maintenanceWorkflowId(collection);
  const { handle, started } = await startOrJoin(session, input, workflowId);
  if (!started) session.io.err(`A run of ${collection} is going on already; this waits for its result.`);
  const result = detach ? null : await waitFor(session, handle, workflowId);
  return { collection, workflowId, started, result };
}

async function startOrJoin(
  session: Session,
  input: MaintenanceInput,
  workflowId: string,
): Promise<{ readonly handle: WorkflowHandle; readonly started: boolean }> {
  const { config, temporal } = session;
  const { collection, limit } = input;
  try {
    const handle: WorkflowHandle = await withDeadline(session, () =>
      temporal.client.workflow.start(WORKFLOWS.maintenance, {
        workflowId,
        taskQueue: config.taskQueue,
        args: [input],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        typedSearchAttributes: startAttributes(collection, 'collecting'),
        priority: { priorityKey: PRIORITY.maintenance },
        staticSummary: `MAINTENANCE of ${collection} by hand: at most ${limit} documents`,
      }),
    );
    return { handle, started: true };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { handle: temporal.client.workflow.getHandle(workflowId), started: false };
  }
}

/** Waits as long as it takes: a run outlasts an outage of the API. Ctrl-C ends the waiting, not the run. */
function waitFor(
  { temporal, io }: Session,
  handle: WorkflowHandle,
  workflowId: string,
): Promise<MaintenanceResult> {
  return untilInterrupted(async (interrupted) => {
    io.err(`Waiting for ${workflowId} (Ctrl-C ends the waiting, not the run) …`);
    try {
      return await temporal.connection.withAbortSignal(
        interrupted,
        () => handle.result() as Promise<MaintenanceResult>,
      );
    } catch (error) {
      if (!interrupted.aborted) throw error;
      throw new CommandError(
        EXIT.interrupted,
        'INTERRUPTED',
        `Stopped waiting. Workflow ${workflowId} goes on.`,
        `the same command again waits for it; temporal workflow cancel --workflow-id ${workflowId} ends it`,
      );
    }
  });
}

function describeRun({ collection, workflowId, result }: MaintenanceRun): string {
  if (result === null) return `${collection}: runs as ${workflowId}`;
  const { queued, requeued, unchanged, failed } = result.totals;
  const reason = result.problem ?? (result.quotaSpent ? 'the quota is spent' : undefined);
  const early = reason === undefined ? '' : `; ended early: ${reason}`;
  return `${collection}: queued ${queued}, requeued ${requeued}, unchanged ${unchanged}, failed ${failed}${early}`;
}
