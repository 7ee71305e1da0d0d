import { reasonOf } from './abort.ts';

/** Time, as the client uses it. Tests bring their own, and then own every wait. */
export interface Clock {
  /** Milliseconds on a clock that only goes forward; its zero has no meaning. */
  now(): number;
  /** Milliseconds since 1970, to understand dates that others wrote. Never used to measure. */
  date(): number;
  /** Calls `wake` once, about `delayMs` from now (it may come a little early or late). Returns how to cancel it. */
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
