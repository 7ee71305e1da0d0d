import {
  isGrpcDeadlineError,
  isGrpcServiceError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type WorkflowHandle,
} from '@temporalio/client';
import { LANES, type MassiveProgress } from '../contract/messages.ts';
import { massiveWorkflowId, QUERIES, UPDATES } from '../contract/names.ts';
import { namesOf } from './collectionNames.ts';
import { CommandError, EXIT } from './exit.ts';
import { untilInterrupted } from './interrupt.ts';
import { withDeadline, type Outcome, type Session } from './run.ts';
import { describeStart, startMassive } from './startMassive.ts';
import { warnWithoutWorkers } from './workers.ts';

/** The Updates of a MASSIVE workflow, as operators type them. */
export type Verb =
  | { readonly name: 'pause'; readonly reason?: string | undefined }
  | { readonly name: 'resume' }
  | { readonly name: 'stop'; readonly wait?: boolean | undefined }
  | { readonly name: 'concurrency'; readonly lanes: number };

/** `legisync massive start` */
export async function massiveStart(session: Session, named: string | undefined): Promise<Outcome> {
  const collections = [];
  for (const name of massiveNames(session, named)) collections.push(await startMassive(session, name));
  await warnWithoutWorkers(session);
  return { data: { collections }, lines: collections.map(describeStart) };
}

/** `legisync massive pause|resume|stop|concurrency`: sends the Update and shows the state that it left. */
export async function massiveSteer(
  session: Session,
  named: string | undefined,
  verb: Verb,
): Promise<Outcome> {
  const collections: MassiveProgress[] = [];
  for (const name of massiveNames(session, named)) {
    const progress = await steer(session, name, verb);
    const wait = verb.name === 'stop' && verb.wait === true;
    collections.push(wait ? await waitForEnd(session, progress) : progress);
  }
  return { data: { collections }, lines: collections.map(describeProgress) };
}

/**
 * Waits until a collection that was told to stop has ended: batches at hand are finished, which takes seconds, or the
 * retries of an outage, which take as long as it lasts. Ctrl-C ends the waiting only.
 */
async function waitForEnd({ temporal }: Session, { collection }: MassiveProgress): Promise<MassiveProgress> {
  const handle = temporal.client.workflow.getHandle(massiveWorkflowId(collection));
  return untilInterrupted(async (interrupted) => {
    try {
      return (await temporal.connection.withAbortSignal(interrupted, () =>
        handle.result(),
      )) as MassiveProgress;
    } catch (error) {
      if (!interrupted.aborted) throw error;
      throw new CommandError(
        EXIT.interrupted,
        'INTERRUPTED',
        `Stopped waiting. MASSIVE of ${collection} ends by itself.`,
        `legisync massive status ${collection}`,
      );
    }
  });
}

/**
 * Where a MASSIVE workflow stands.
 *
 * @throws CommandError `NOT_RUNNING` or `NO_WORKER`
 */
export function queryProgress(session: Session, collection: string): Promise<MassiveProgress> {
  return ask(session, collection, (handle) => handle.query<MassiveProgress>(QUERIES.progress));
}

/** One line for people. */
export function describeProgress({
  collection,
  state,
  controls,
  pass,
  busy,
  totals,
}: MassiveProgress): string {
  return (
    `${collection}: ${state}, pass ${pass}, ${busy} of ${controls.lanes} lanes busy; uploaded ${totals.uploaded}, ` +
    `unchanged ${totals.unchanged}, queued ${totals.queued}, requeued ${totals.requeued}, failed ${totals.failed}`
  );
}

/** Reads the number of lanes. @throws CommandError where it is out of bounds. */
export function parseLanes(text: string): number {
  const lanes = Number(text);
  if (/^\d+$/.test(text) && lanes >= LANES.min && lanes <= LANES.max) return lanes;
  throw new CommandError(
    EXIT.usage,
    'USAGE',
    `The number of lanes must be a whole number from ${LANES.min} to ${LANES.max}; it is ${JSON.stringify(text)}.`,
    'legisync massive concurrency 4',
  );
}

/** The collections that a `massive` command is about. */
export function massiveNames({ config }: Session, named: string | undefined): readonly string[] {
  return namesOf(named, { setting: 'LEGISYNC_MASSIVE', names: config.massive.collections });
}

function steer(session: Session, collection: string, verb: Verb): Promise<MassiveProgress> {
  return ask(session, collection, (handle) => {
    switch (verb.name) {
      case 'pause': {
        const args: [{ reason?: string }] = [verb.reason === undefined ? {} : { reason: verb.reason }];
        return handle.executeUpdate<MassiveProgress, typeof args>(UPDATES.pause, { args });
      }
      case 'resume':
        return handle.executeUpdate<MassiveProgress, []>(UPDATES.resume);
      case 'stop':
        return handle.executeUpdate<MassiveProgress, []>(UPDATES.stop);
      case 'concurrency':
        return handle.executeUpdate<MassiveProgress, [number]>(UPDATES.setConcurrency, {
          args: [verb.lanes],
        });
    }
  });
}

/** Asks a MASSIVE workflow something that a worker must answer. */
async function ask(
  session: Session,
  collection: string,
  question: (handle: WorkflowHandle) => Promise<MassiveProgress>,
): Promise<MassiveProgress> {
  const handle = session.temporal.client.workflow.getHandle(massiveWorkflowId(collection));
  // Closed workflows still answer Queries: whether it runs is asked first.
  const { status } = await withDeadline(session, () => handle.describe()).catch(orNotRunning(collection));
  if (status.name !== 'RUNNING') throw notRunning(collection);
  try {
    return await withDeadline(session, () => question(handle));
  } catch (error) {
    if (isWithoutAnswer(error)) throw noWorker(session, collection);
    return orNotRunning(collection)(error);
  }
}

function orNotRunning(collection: string): (error: unknown) => never {
  return (error) => {
    throw error instanceof WorkflowNotFoundError ? notRunning(collection) : error;
  };
}

function notRunning(collection: string): CommandError {
  return new CommandError(
    EXIT.notRunning,
    'NOT_RUNNING',
    `MASSIVE of ${collection} is not running.`,
    `legisync massive start ${collection}`,
  );
}

function noWorker({ config }: Session, collection: string): CommandError {
  return new CommandError(
    EXIT.noWorker,
    'NO_WORKER',
    `MASSIVE of ${collection} runs, but no worker of task queue ${config.taskQueue} answered in time.`,
    'npm run worker; an Update that was sent is carried out when a worker comes',
  );
}

/** gRPC FAILED_PRECONDITION: how the server answers a Query when it has seen no worker for a while. */
const FAILED_PRECONDITION = 9;

function isWithoutAnswer(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcDeadlineError(error)) return true;
  const cause = error instanceof ServiceError ? error.cause : error;
  if (isGrpcDeadlineError(cause)) return true;
  if (!isGrpcServiceError(cause)) return false;
  const code: number = cause.code;
  return code === FAILED_PRECONDITION;
}
