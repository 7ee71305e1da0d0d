import {
  isGrpcServiceError,
  ServiceError,
  WorkflowUpdateFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  WorkflowUpdateStage,
  type WorkflowHandle,
  type WorkflowUpdateHandle,
} from '@temporalio/client';
import { QUERIES, UPDATES } from '../contract/names.ts';
import { isDeadline } from './errors.ts';
import { CommandError, EXIT } from './exit.ts';
import { withDeadline, type Session } from './run.ts';

/** The workflow that a command is about, in the words of its commands. */
export interface Subject {
  readonly workflowId: string;
  /** Such as `MASSIVE of codes`. */
  readonly label: string;
  readonly startCommand: string;
  readonly statusCommand: string;
}

/** An Update, and what to say while its answer is not there. */
export interface Word<P> {
  readonly name: string;
  /** Sends it, until the workflow has accepted it. */
  readonly send: (handle: WorkflowHandle) => Promise<WorkflowUpdateHandle<P>>;
}

/** What every workflow that can be paused is told. */
export function pauseWord<P>(reason: string | undefined): Word<P> {
  const args: [{ reason?: string }] = [reason === undefined ? {} : { reason }];
  return {
    name: 'pause',
    send: (handle) =>
      handle.startUpdate<P, typeof args>(UPDATES.pause, { args, waitForStage: WorkflowUpdateStage.ACCEPTED }),
  };
}

export function resumeWord<P>(): Word<P> {
  return {
    name: 'resume',
    send: (handle) =>
      handle.startUpdate<P, []>(UPDATES.resume, { waitForStage: WorkflowUpdateStage.ACCEPTED }),
  };
}

/**
 * Where a workflow stands.
 *
 * @throws CommandError `NOT_RUNNING` or `NO_WORKER`
 */
export async function askProgress<P>(session: Session, subject: Subject): Promise<P> {
  const handle = await runningWorkflow(session, subject);
  return answered(
    subject,
    () => withDeadline(session, () => handle.query<P>(QUERIES.progress)),
    () => noWorker(session, subject, 'npm run worker'),
  );
}

/**
 * Sends an Update and waits for its answer. The two steps have deadlines of their own, because they say different things
 * when they pass: an Update that no worker accepted may never be carried out; one that was accepted is in the history
 * and is obeyed, and only its being kept in Postgres, which the answer may wait for, takes longer.
 *
 * @throws CommandError `NOT_RUNNING`, `REFUSED`, `NO_WORKER` or `NOT_CONFIRMED`
 */
export async function updateWorkflow<P>(session: Session, subject: Subject, word: Word<P>): Promise<P> {
  const handle = await runningWorkflow(session, subject);
  const update = await answered(
    subject,
    () => withDeadline(session, () => word.send(handle)),
    () =>
      noWorker(
        session,
        subject,
        `npm run worker; then ${subject.statusCommand}: a worker that comes soon may still obey`,
      ),
  );
  return answered(
    subject,
    () => withDeadline(session, () => update.result()),
    () => notConfirmed(subject, word.name),
  );
}

/** Closed workflows still answer Queries: whether it runs is asked first. */
export async function runningWorkflow(session: Session, subject: Subject): Promise<WorkflowHandle> {
  const handle = session.temporal.client.workflow.getHandle(subject.workflowId);
  const { status } = await withDeadline(session, () => handle.describe()).catch(orNotRunning(subject));
  if (status.name !== 'RUNNING') throw notRunning(subject);
  return handle;
}

/** Puts into words what the server says of a workflow that ended meanwhile, and `late` where nobody answered in time. */
async function answered<T>(subject: Subject, call: () => Promise<T>, late: () => CommandError): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (isWithoutAnswer(error)) throw late();
    if (error instanceof WorkflowUpdateFailedError) throw refused(subject, error);
    return orNotRunning(subject)(error);
  }
}

function orNotRunning(subject: Subject): (error: unknown) => never {
  return (error) => {
    throw error instanceof WorkflowNotFoundError ? notRunning(subject) : error;
  };
}

function notRunning({ label, startCommand }: Subject): CommandError {
  return new CommandError(EXIT.notRunning, 'NOT_RUNNING', `${label} is not running.`, startCommand);
}

function noWorker({ config }: Session, { label }: Subject, next: string): CommandError {
  return new CommandError(
    EXIT.noWorker,
    'NO_WORKER',
    `${label} runs, but no worker of task queue ${config.taskQueue} answered in time.`,
    next,
  );
}

function refused({ statusCommand }: Subject, { cause, message }: WorkflowUpdateFailedError): CommandError {
  return new CommandError(EXIT.refused, 'REFUSED', cause?.message ?? message, statusCommand);
}

function notConfirmed({ label, statusCommand }: Subject, word: string): CommandError {
  return new CommandError(
    EXIT.noWorker,
    'NOT_CONFIRMED',
    `${label} accepted ${word} and obeys it, but has not confirmed yet that Postgres keeps it.`,
    `nothing needs to be sent again, it is kept when the database answers; ${statusCommand}`,
  );
}

/** gRPC FAILED_PRECONDITION: how the server answers a Query when it has seen no worker for a while. */
const FAILED_PRECONDITION = 9;

/** Whether a call to a workflow had no answer in time, as when no worker is there. */
export function isWithoutAnswer(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  const cause = error instanceof ServiceError ? error.cause : error;
  if (isDeadline(cause)) return true;
  if (!isGrpcServiceError(cause)) return false;
  const code: number = cause.code;
  return code === FAILED_PRECONDITION;
}
