import { reasonOf } from './abort.ts';

/** The client's clock and timers. Tests pass their own and so control every wait. */
export interface Clock {
  /** Milliseconds on a monotonic clock; its zero has no meaning. */
  now(): number;
  /** Milliseconds since 1970, to interpret dates in headers. Never used to measure. */
  date(): number;
  /**
   * Calls `wake` once, about `delayMs` from now (slightly early or late). Returns a function that
   * cancels it.
   */
  after(delayMs: number, wake: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  after(delayMs, wake) {
    const timer = setTimeout(wake, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`; rejects with the signal's reason as soon as it is aborted. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(reasonOf(signal));
      return;
    }
    const abort = (): void => {
      cancel();
      reject(reasonOf(signal));
    };
    const cancel = clock.after(delayMs, () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
    signal.addEventListener('abort', abort, { once: true });
  });
}
