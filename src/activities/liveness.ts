import { Context } from '@temporalio/activity';

/**
 * Often enough that the worker's own throttle (5 s, see worker.ts) decides what reaches the server, and that a killed
 * worker is noticed after the heartbeat timeout of 30 s.
 */
const BEAT_MS = 2_000;

/**
 * Runs `work` while telling the server that the activity lives, whatever it waits for: one request may wait for its
 * place in the quota longer than any sensible heartbeat timeout.
 *
 * @param details what a next attempt should know; asked at each beat, and at the end when `work` fails
 */
export async function withHeartbeat<T>(
  details: () => unknown,
  work: (signal: AbortSignal) => Promise<T>,
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
