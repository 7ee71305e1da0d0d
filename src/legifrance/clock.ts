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

/** The minimum that is asked of a logger; pino's fits. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

const silence = (): void => undefined;

export const noLog: Log = { debug: silence, info: silence, warn: silence };

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

/** `promise`, or the signal's reason where that comes first. The promise itself goes on: others may wait for it too. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(reasonOf(signal));
      return;
    }
    const abort = (): void => reject(reasonOf(signal));
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Why the signal was aborted, as an Error: Temporal and `AbortController.abort()` give one, others may give anything. */
export function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return isError(reason) ? reason : new Error('Aborted.', { cause: reason });
}

/** By shape: an error of another realm (a test runner's, a worker's) is no `instanceof Error` here. */
function isError(value: unknown): value is Error {
  return typeof value === 'object' && value !== null && 'message' in value && 'name' in value;
}
