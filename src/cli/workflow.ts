import {
  QueryRejectedError,
  WorkflowUpdateFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  WorkflowUpdateStage,
  type WorkflowHandle,
  type WorkflowUpdateHandle,
} from '@temporalio/client';
import { MAX_REASON_CHARACTERS } from '../contract/limits.ts';
import { QUERIES, UPDATES } from '../contract/names.ts';
import { GRPC, grpcCodeOf } from '../temporal/grpc.ts';
import { isDeadline } from './errors.ts';
import { CommandError, EXIT } from './exit.ts';
import { describeEnd } from './inspect/ended.ts';
import { explainStuck } from './inspect/stuck.ts';
import { withDeadline, type Session } from './run.ts';
import { COMMANDS } from '../installation.ts';

/** The workflow that a command is about, with the texts for its messages. */
export interface Subject {
  readonly workflowId: string;
  /** Such as `MASSIVE of codes`. */
  readonly label: string;
  readonly startCommand: string;
  readonly statusCommand: string;
}

/** An Update whose result is the progress `P`. */
export interface ProgressUpdate<P> {
  /** The name in messages. */
  readonly name: string;
  /** Sends the Update and waits until a worker has accepted it. */
  readonly send: (handle: WorkflowHandle) => Promise<WorkflowUpdateHandle<P>>;
}

/** The Update `pause` of every workflow that can be paused. */
export function pauseUpdate<P>(reason: string | undefined): ProgressUpdate<P> {
  return progressUpdate('pause', UPDATES.pause, reason === undefined ? {} : { reason });
}

/** Checks the reason of a pause, as the workflow does. @throws CommandError `USAGE` if it is too long */
export function checkReason(reason: string | undefined): void {
  if (reason === undefined || reason.length <= MAX_REASON_CHARACTERS) return;
  throw new CommandError(
    EXIT.usage,
    'USAGE',
    `--reason is a text of at most ${MAX_REASON_CHARACTERS} characters; it has ${reason.length}.`,
    'the same command with a shorter --reason',
  );
}

/** The Update `resume` of every workflow that can be paused. */
export function resumeUpdate<P>(): ProgressUpdate<P> {
  return progressUpdate('resume', UPDATES.resume);
}

/**
 * @param name the name in messages
 * @param update the name in the workflow
 */
export function progressUpdate<P>(name: string, update: string, argument?: unknown): ProgressUpdate<P> {
  const waitForStage = WorkflowUpdateStage.ACCEPTED;
  return {
    name,
    send: (handle) =>
      argument === undefined
        ? handle.startUpdate<P, []>(update, { waitForStage })
        : handle.startUpdate<P, [unknown]>(update, { args: [argument], waitForStage }),
  };
}

/**
 * Queries the progress of a running workflow.
 *
 * @throws CommandError `NOT_RUNNING`, `NO_WORKER` or `WORKFLOW_STUCK`
 */
export async function queryProgress<P>(session: Session, subject: Subject): Promise<P> {
  const handle = await runningWorkflow(session, subject);
  return explained(
    session,
    subject,
    () => withDeadline(session, () => handle.query<P>(QUERIES.progress)),
    () => noWorker(session, subject, COMMANDS.startWorker),
  );
}

/**
 * Sends an Update and waits for its result. Acceptance and result have separate deadlines, because
 * they mean different things. An Update that no worker has accepted may never be carried out. An
 * accepted Update is in the history and takes effect; only its storage in Postgres, which the
 * result may wait for, takes longer.
 *
 * @throws CommandError `NOT_RUNNING`, `REFUSED`, `NO_WORKER`, `WORKFLOW_STUCK` or `NOT_CONFIRMED`
 */
export async function updateWorkflow<P>(
  session: Session,
  subject: Subject,
  update: ProgressUpdate<P>,
): Promise<P> {
  const handle = await runningWorkflow(session, subject);
  const accepted = await explained(
    session,
    subject,
    () => withDeadline(session, () => update.send(handle)),
    () =>
      noWorker(
        session,
        subject,
        `${COMMANDS.startWorker}; then ${subject.statusCommand}: a worker that starts soon may still accept it`,
      ),
  );
  return explained(
    session,
    subject,
    () => withDeadline(session, () => accepted.result()),
    () => notConfirmed(subject, update.name),
  );
}

/**
 * The handle of a workflow that has not ended. Closed workflows answer Queries, too, so this check comes
 * first.
 *
 * @throws CommandError `NOT_RUNNING`
 */
export async function runningWorkflow(session: Session, subject: Subject): Promise<WorkflowHandle> {
  const handle = session.temporal.client.workflow.getHandle(subject.workflowId);
  const status = await withDeadline(session, () => handle.describe()).then(
    (description) => description.status.name,
    orNotFound,
  );
  if (status !== 'RUNNING' && status !== 'PAUSED') throw await notRunning(session, subject);
  return handle;
}

/**
 * Explains why a call failed: the workflow has ended or refused, its workflow tasks fail, or
 * (`late`) no worker answered in time.
 */
async function explained<T>(
  session: Session,
  subject: Subject,
  call: () => Promise<T>,
  late: () => CommandError,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (isWithoutAnswer(error)) throw (await explainStuck(session, subject.workflowId)) ?? late();
    if (error instanceof WorkflowUpdateFailedError) throw refused(subject, error);
    if (error instanceof WorkflowNotFoundError) throw await notRunning(session, subject);
    throw error;
  }
}

function orNotFound(error: unknown): undefined {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}

/** Says how the last run ended: an operator may not know that somebody ended it, or that it failed. */
async function notRunning(
  session: Session,
  { workflowId, label, startCommand }: Subject,
): Promise<CommandError> {
  const message =
    `${label} is not running. ${await describeEnd(session, workflowId, 'Its last run')}`.trimEnd();
  return new CommandError(EXIT.notRunning, 'NOT_RUNNING', message, startCommand);
}

function noWorker({ config }: Session, { label }: Subject, next: string): CommandError {
  return new CommandError(
    EXIT.noWorker,
    'NO_WORKER',
    `${label} is running, but no worker of task queue ${config.taskQueue} answered in time.`,
    next,
  );
}

function refused({ statusCommand }: Subject, { cause, message }: WorkflowUpdateFailedError): CommandError {
  return new CommandError(EXIT.refused, 'REFUSED', cause?.message ?? message, statusCommand);
}

function notConfirmed({ label, statusCommand }: Subject, update: string): CommandError {
  return new CommandError(
    EXIT.noWorker,
    'NOT_CONFIRMED',
    `${label} has accepted ${update}, which takes effect, but has not yet stored it in Postgres.`,
    `do not send it again: it is stored when the database answers; ${statusCommand}`,
  );
}

/** Whether a call to a workflow got no answer in time, for example without a worker. */
export function isWithoutAnswer(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isDeadline(error)) return true;
  // The server rejects a Query to a workflow that is paused with Temporal's own button.
  if (error instanceof QueryRejectedError) return true;
  // The server's answer to a Query if no worker has polled for a while.
  return grpcCodeOf(error) === GRPC.failedPrecondition;
}
