import { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import { HEARTBEAT } from '../contract/timing.ts';

/** When an activity should end. */
export interface Signals {
  /**
   * The run was cancelled, or the worker's grace time has passed: requests in flight are aborted.
   */
  readonly cancelled: AbortSignal;
  /** The same, or the worker is stopping: work in progress is finished, and nothing new begins. */
  readonly stop: AbortSignal;
}

/**
 * Runs `work` and sends heartbeats, whatever `work` waits for: a request may wait for its place in
 * the quota longer than the heartbeat timeout.
 *
 * @param details what the next attempt should know. Called for each heartbeat, and when `work`
 * fails
 */
export async function withHeartbeat<T>(
  details: () => unknown,
  work: (cancelled: AbortSignal) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(details()), HEARTBEAT.everyMs);
  try {
    return await work(context.cancellationSignal);
  } catch (error) {
    context.heartbeat(details());
    throwIfInterrupted();
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/**
 * Call it before work that was cut short returns what it has. If an operator has paused or reset the
 * activity (Temporal's CLI or Web UI), a result would complete it, and an error of another kind
 * would cancel it. This one keeps it for a later attempt, which continues from the heartbeats.
 *
 * @throws CancelledFailure if an operator paused or reset the activity
 */
export function throwIfInterrupted(): void {
  const { cancellationDetails, cancellationSignal } = Context.current();
  if (!cancellationSignal.aborted || cancellationDetails?.cancelRequested === true) return;
  if (cancellationDetails?.paused === true) throw new CancelledFailure('The activity was paused.');
  if (cancellationDetails?.reset === true) throw new CancelledFailure('The activity was reset.');
}
