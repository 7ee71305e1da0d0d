/**
 * Calls `work` for each item, at most `concurrency` at a time, and stops taking items when `stop` is aborted. Calls that
 * have begun are always awaited. `work` must not reject.
 *
 * @returns the items that were not begun, in order
 */
export async function runPool<T>(
  items: readonly T[],
  concurrency: number,
  stop: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<readonly T[]> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let item = items[next]; item !== undefined && !stop.aborted; item = items[next]) {
      next += 1;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, lane));
  return items.slice(next);
}
