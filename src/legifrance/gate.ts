import { LegisyncError } from '../contract/failures.ts';
import { reasonOf } from './clock.ts';

/** Lets a fixed number of pieces of work run at a time; the others wait in the order they came. */
export interface Gate {
  /** Runs `work` when there is a place. Rejects with the signal's reason when it is aborted while waiting. */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

/**
 * More callers than this cannot come from a healthy worker (lanes × documents in work is some hundreds): better to push
 * back than to hold ever more.
 */
const MAX_WAITING = 1_000;

/** A gate with `places` places. Throws `LEGIFRANCE_THROTTLED` where 1,000 callers wait already. */
export function createGate(places: number): Gate {
  let free = places;
  const waiting = new Set<() => void>();

  function enter(signal: AbortSignal): Promise<void> {
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
      waiting.add(admit);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  /** Hands the place to whoever has waited longest; it is free only where nobody does. */
  function leave(): void {
    const [next] = waiting;
    if (next === undefined) {
      free += 1;
    } else {
      waiting.delete(next);
      next();
    }
  }

  return {
    async run(work, signal) {
      await enter(signal);
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
