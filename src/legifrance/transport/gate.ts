import { LegisyncError } from '../../contract/failures.ts';
import { CONSULTS, MAX_ACTIVITIES } from '../../contract/limits.ts';
import { reasonOf } from '../abort.ts';

/**
 * Runs a limited number of requests at a time. The others wait: the lowest rank first, then the
 * oldest.
 */
export interface Gate {
  /** Runs `work` when a place is free. Rejects with the signal's reason if it is aborted first. */
  run<T>(work: () => Promise<T>, signal: AbortSignal, rank: number): Promise<T>;
}

/**
 * The maximum with the largest settings: 40 activities at a time, each with 50 documents in
 * progress. With a lower limit, allowed settings would fail for ever. Reaching it means a bug:
 * further requests are refused.
 */
const MAX_WAITING = MAX_ACTIVITIES * CONSULTS.max;

/**
 * A gate with `places` places.
 *
 * `run` throws LegisyncError `LEGIFRANCE_THROTTLED` if 2,000 callers already wait.
 */
export function createGate(places: number): Gate {
  let free = places;
  /** Waiters and their ranks, in order of arrival. */
  const waiting = new Map<() => void, number>();

  function enter(signal: AbortSignal, rank: number): Promise<void> {
    signal.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return Promise.resolve();
    }
    if (waiting.size >= MAX_WAITING) {
      throw new LegisyncError(
        'LEGIFRANCE_THROTTLED',
        `${waiting.size} requests already wait for one of the ${places} connections to Légifrance. Lower LEGISYNC_CONSULT_CONCURRENCY.`,
      );
    }
    return new Promise((resolve, reject) => {
      const admit = (): void => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const abort = (): void => {
        waiting.delete(admit);
        reject(reasonOf(signal));
      };
      waiting.set(admit, rank);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  /** Passes the place to the next waiter; it becomes free only if there is none. */
  function leave(): void {
    let next: (() => void) | undefined;
    let lowest = Infinity;
    for (const [admit, rank] of waiting) {
      if (rank < lowest) [next, lowest] = [admit, rank];
    }
    if (next === undefined) {
      free += 1;
    } else {
      waiting.delete(next);
      next();
    }
  }

  return {
    async run(work, signal, rank) {
      await enter(signal, rank);
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
