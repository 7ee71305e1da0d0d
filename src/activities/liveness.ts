import { Context } from '@temporalio/activity';

/**
 * Often enough that the worker's own throttle (5 s, see runWorker.ts) decides what reaches the server, well below the
 * heartbeat timeout (workflows/proxies.ts).
 */
const BEAT_MS = 2_000;

/** When an activity should end. */
export interface Signals {
  /** The run was cancelled, or the worker's grace time is over: requests in flight are given up. */
  readonly cancelled: AbortSignal;
  /** That, or the worker is stopping: what is at hand is finished, and nothing is begun. */
  readonly stop: AbortSignal;
}

/**
 * Runs `work` while telling the server that the activity lives, whatever it waits for: one request may wait for its
 * place in the quota longer than any sensible heartbeat timeout.
 *
 * @param details what a next attempt should know; asked at each beat, and at the end when `work` fails
 */
export async function withHeartbeat<T>(
  details: () => unknown,
  work: (cancelled: AbortSignal) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(details()), BEAT_MS);
  try {
    return await work(context.cancellationSignal);
  } catch (error) {
    context.heartbeat(details());
    throw error;
  } finally {
    clearInterval(timer);
  }
}
