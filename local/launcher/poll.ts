import { setTimeout as sleep } from 'node:timers/promises';
import { seconds } from './durations.ts';
import { asError } from './errors.ts';

/** How often and how long a probe is repeated. */
export interface PollOptions {
  /** Pause between two attempts, in milliseconds. */
  readonly everyMs: number;
  /** Total time in milliseconds, after which {@link PollTimeout} is thrown. */
  readonly timeoutMs: number;
  /** Limit for one attempt, in milliseconds. Default 2,000. */
  readonly attemptMs?: number | undefined;
  /** Aborting it ends the wait at once, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The probe did not return true in time; `cause` is the error of its last attempt, if it threw. */
export class PollTimeout extends Error {
  override readonly name = 'PollTimeout';
}

/**
 * Default limit for one attempt: a part that accepts a connection and never answers must not use up
 * the whole time.
 */
const ATTEMPT_TIMEOUT_MS = 2_000;

/**
 * Repeats `probe` until it returns true. A probe that throws counts as not ready yet.
 *
 * @throws PollTimeout after `timeoutMs`; the reason of `signal` when it is aborted.
 */
export async function pollUntil(
  probe: (attempt: AbortSignal) => Promise<boolean>,
  { everyMs, timeoutMs, attemptMs = ATTEMPT_TIMEOUT_MS, signal }: PollOptions,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      if (await attempt(probe, Math.min(attemptMs, Math.max(1, deadline - Date.now())), signal)) return;
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

/** Runs one attempt. Stops waiting at the time limit, even if the probe ignores its signal. */
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
