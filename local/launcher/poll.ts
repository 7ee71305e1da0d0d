import { setTimeout as sleep } from 'node:timers/promises';
import { seconds } from './durations.ts';
import { asError } from './errors.ts';

/** How often, how long, and until when a probe is asked again. */
export interface PollOptions {
  /** Pause between two attempts, in milliseconds. */
  readonly everyMs: number;
  /** After this many milliseconds in all, {@link PollTimeout} is thrown. */
  readonly timeoutMs: number;
  /** Ends the wait at once with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The probe never said yes in time; `cause` is what its last attempt threw, if it threw. */
export class PollTimeout extends Error {
  override readonly name = 'PollTimeout';
}

/** One attempt may take this long: a part that accepts a connection and then says nothing must not use up the whole wait. */
const ATTEMPT_TIMEOUT_MS = 2_000;

/**
 * Asks `probe` until it answers true. A probe that throws has not failed, it is only not there yet.
 *
 * @throws PollTimeout after `timeoutMs`; the reason of `signal` when that is aborted.
 */
export async function pollUntil(
  probe: (attempt: AbortSignal) => Promise<boolean>,
  { everyMs, timeoutMs, signal }: PollOptions,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      if (await attempt(probe, Math.min(ATTEMPT_TIMEOUT_MS, Math.max(1, deadline - Date.now())), signal))
        return;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    signal?.throwIfAborted();
    if (Date.now() + everyMs > deadline) {
      throw new PollTimeout(`no success within ${seconds(timeoutMs)}`, { cause: lastError });
    }
    await sleep(everyMs, undefined, { signal }).catch(() => {
      signal?.throwIfAborted();
    });
  }
}

/** Runs one attempt, and gives up on it when it outlives its time even if the probe ignores its signal. */
async function attempt(
  probe: (attempt: AbortSignal) => Promise<boolean>,
  timeoutMs: number,
  outer: AbortSignal | undefined,
): Promise<boolean> {
  const ended = new AbortController();
  const timer = setTimeout(() => {
    ended.abort(new Error(`an attempt got no answer within ${seconds(timeoutMs)}`));
  }, timeoutMs);
  const signal = outer === undefined ? ended.signal : AbortSignal.any([ended.signal, outer]);
  try {
    const gaveUp = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(asError(signal.reason)), { once: true });
    });
    return await Promise.race([probe(signal), gaveUp]);
  } finally {
    clearTimeout(timer);
  }
}
