/**
 * Settles as `promise` does, or rejects with the signal's reason if the signal is aborted first.
 * The promise itself is not cancelled: other callers may wait for it.
 */
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

/**
 * The signal's reason as an Error. Temporal and `AbortController.abort()` use an Error; other code
 * may use any value.
 */
export function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return isError(reason) ? reason : new Error('Aborted.', { cause: reason });
}

/**
 * Checks the shape: an error of another realm (a test runner, a worker) fails `instanceof Error`.
 */
function isError(value: unknown): value is Error {
  return typeof value === 'object' && value !== null && 'message' in value && 'name' in value;
}
