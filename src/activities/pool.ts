/**
 * Calls `work` for each item, at most `concurrency` at a time. Takes no more items once `stop` is
 * aborted. Always awaits the calls that have begun. `work` must not reject.
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
