import {
  isGrpcServiceError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  WorkflowUpdateStage,
  type WorkflowHandle,
  type WorkflowUpdateHandle,
} from '@temporalio/client';
import type { MassiveProgress } from '../contract/messages.ts';
import { massiveWorkflowId, QUERIES, UPDATES } from '../contract/names.ts';
import { isDeadline } from './errors.ts';
import { CommandError, EXIT } from './exit.ts';
import { withDeadline, type Session } from './run.ts';

/** The Updates of a MASSIVE workflow, as operators type them. */
export type Verb =
  | { readonly name: 'pause'; readonly reason?: string | undefined }
  | { readonly name: 'resume' }
  | { readonly name: 'stop'; readonly wait?: boolean | undefined }
  | { readonly name: 'concurrency'; readonly lanes: number };

/**
 * Where a MASSIVE workflow stands.
 *
 * @throws CommandError `NOT_RUNNING` or `NO_WORKER`
 */
export async function queryProgress(session: Session, collection: string): Promise<MassiveProgress> {
  const handle = await runningMassive(session, collection);
  return answered(
    collection,
    () => withDeadline(session, () => handle.query<MassiveProgress>(QUERIES.progress)),
    () => noWorker(session, collection, 'npm run worker'),
  );
}

/**
 * Sends an Update and waits for its answer. The two steps have deadlines of their own, because they say different things
 * when they pass: an Update that no worker accepted may never be carried out; one that was accepted is in the history
 * and is obeyed, and only its being kept in Postgres, which the answer waits for, takes longer.
 *
 * @throws CommandError `NOT_RUNNING`, `NO_WORKER` or `NOT_CONFIRMED`
 */
export async function sendVerb(session: Session, collection: string, verb: Verb): Promise<MassiveProgress> {
  const handle = await runningMassive(session, collection);
  const update = await answered(
    collection,
    () => withDeadline(session, () => startUpdate(handle, verb)),
    () =>
      noWorker(
        session,
        collection,
        `npm run worker; then legisync massive status ${collection}: a worker that comes soon may still obey`,
      ),
  );
  return answered(
    collection,
    () => withDeadline(session, () => update.result()),
    () => notConfirmed(collection, verb),
  );
}

function startUpdate(handle: WorkflowHandle, verb: Verb): Promise<WorkflowUpdateHandle<MassiveProgress>> {
  const waitForStage = WorkflowUpdateStage.ACCEPTED;
  switch (verb.name) {
    case 'pause': {
      const args: [{ reason?: string }] = [verb.reason === undefined ? {} : { reason: verb.reason }];
      return handle.startUpdate<MassiveProgress, typeof args>(UPDATES.pause, { args, waitForStage });
    }
    case 'resume':
      return handle.startUpdate<MassiveProgress, []>(UPDATES.resume, { waitForStage });
    case 'stop':
      return handle.startUpdate<MassiveProgress, []>(UPDATES.stop, { waitForStage });
    case 'concurrency':
      return handle.startUpdate<MassiveProgress, [number]>(UPDATES.setConcurrency, {
        args: [verb.lanes],
        waitForStage,
      });
  }
}

/** Closed workflows still answer Queries: whether it runs is asked first. */
async function runningMassive(session: Session, collection: string): Promise<WorkflowHandle> {
  const handle = session.temporal.client.workflow.getHandle(massiveWorkflowId(collection));
  const { status } = await withDeadline(session, () => handle.describe()).catch(orNotRunning(collection));
  if (status.name !== 'RUNNING') throw notRunning(collection);
  return handle;
}

/** Puts into words what the server says of a workflow that ended meanwhile, and `late` where nobody answered in time. */
async function answered<T>(collection: string, call: () => Promise<T>, late: () => CommandError): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (isWithoutAnswer(error)) throw late();
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

function noWorker({ config }: Session, collection: string, next: string): CommandError {
  return new CommandError(
    EXIT.noWorker,
    'NO_WORKER',
    `MASSIVE of ${collection} runs, but no worker of task queue ${config.taskQueue} answered in time.`,
    next,
  );
}

function notConfirmed(collection: string, verb: Verb): CommandError {
  return new CommandError(
    EXIT.noWorker,
    'NOT_CONFIRMED',
    `MASSIVE of ${collection} accepted ${verb.name} and obeys it, but has not confirmed yet that Postgres keeps it.`,
    `nothing needs to be sent again, it is kept when the database answers; legisync massive status ${collection}`,
  );
}

/** gRPC FAILED_PRECONDITION: how the server answers a Query when it has seen no worker for a while. */
const FAILED_PRECONDITION = 9;

function isWithoutAnswer(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  const cause = error instanceof ServiceError ? error.cause : error;
  if (isDeadline(cause)) return true;
  if (!isGrpcServiceError(cause)) return false;
  const code: number = cause.code;
  return code === FAILED_PRECONDITION;
}
