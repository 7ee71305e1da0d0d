import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { CommandError, EXIT } from './exit.ts';
import type { Session } from './run.ts';

/**
 * Runs `work` with a signal that Ctrl-C aborts. A second Ctrl-C ends the process, because the
 * listener is removed after the first.
 */
export async function untilInterrupted<T>(work: (interrupted: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = () => controller.abort();
  process.once('SIGINT', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', interrupt);
  }
}

/** The command was interrupted with Ctrl-C. `message` says what continues or stays. */
export function interruptedError(message: string, next: string): CommandError {
  return new CommandError(EXIT.interrupted, 'INTERRUPTED', message, next);
}

/** How a command waits for the result of a workflow. */
export interface Waiting {
  /** Printed on standard error as soon as Ctrl-C ends the waiting only. */
  readonly announcement?: string;
  /** What the workflow does after Ctrl-C, as a sentence, and the command to type then. */
  readonly afterwards: string;
  readonly next: string;
  /** Runs during the waiting, until its signal is aborted: shows the progress. */
  readonly meanwhile?: (over: AbortSignal) => Promise<void>;
}

/**
 * Waits for the result of a workflow without a deadline: a workflow outlasts outages. Ctrl-C ends
 * the waiting, not the workflow.
 *
 * @throws CommandError `INTERRUPTED`; WorkflowFailedError if the workflow fails or is ended
 */
export function waitForResult<R>(
  { temporal, io }: Session,
  handle: WorkflowHandle,
  { announcement, afterwards, next, meanwhile }: Waiting,
): Promise<R> {
  return untilInterrupted(async (interrupted) => {
    if (announcement !== undefined) io.err(announcement);
    const over = new AbortController();
    const showing = meanwhile?.(AbortSignal.any([interrupted, over.signal]));
    try {
      return await temporal.connection.withAbortSignal(interrupted, () => handle.result() as Promise<R>);
    } catch (error) {
      if (!interrupted.aborted || error instanceof WorkflowFailedError) throw error;
      throw interruptedError(`Stopped waiting. ${afterwards}`, next);
    } finally {
      over.abort();
      await showing?.catch((error: unknown) => io.err(`Warning: ${String(error)}`));
    }
  });
}
