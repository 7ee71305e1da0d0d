import { Context } from '@temporalio/activity';
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
    throw error;
  } finally {
    clearInterval(timer);
  }
}
