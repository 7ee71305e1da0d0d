import { LegisyncError } from '../../contract/failures.ts';
import { reasonOf } from '../abort.ts';

/** Lets a fixed number of pieces of work run at a time; of the others, the lowest rank goes first, then the oldest. */
export interface Gate {
  /** Runs `work` when there is a place. Rejects with the signal's reason when it is aborted while waiting. */
  run<T>(work: () => Promise<T>, signal: AbortSignal, rank: number): Promise<T>;
}

/**
 * What a worker with the largest settings can bring: 40 activities at a time, each with 50 documents in work. Fewer would
 * turn allowed settings into failures that never end; more can only come from a fault, and are pushed back rather than held.
 */
const MAX_WAITING = 2_000;

/** A gate with `places` places. Throws `LEGIFRANCE_THROTTLED` where 2,000 callers wait already. */
export function createGate(places: number): Gate {
  let free = places;
  /** With their ranks, in the order they came. */
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
        `${waiting.size} requests already wait for one of the ${places} connections to Légifrance; lower the concurrency.`,
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

  /** Hands the place to whoever goes first; it is free only where nobody waits. */
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
