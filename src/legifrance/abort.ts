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
