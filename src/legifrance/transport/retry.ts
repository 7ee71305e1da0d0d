import { MAX_WAIT_MS } from '../../contract/timing.ts';
import { sleep, type Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { AttemptFailed } from '../failures.ts';

export interface RetryDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** Pauses grow: 0.5, 2, 8 s. An outage of a few seconds ends within three attempts. */
const FIRST_PAUSE_MS = 500;
const GROWTH = 4;
const LONGEST_PAUSE_MS = 8_000;

/**
 * Repeats `once` while it throws {@link AttemptFailed} and attempts are left; then throws its
 * `failure`. A pause is random between zero and its bound ("full jitter", so that callers that
 * failed together retry at different times), plus the pause that the failure asks for.
 */
export async function withRetries<T>(
  deps: RetryDeps,
  signal: AbortSignal,
  once: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof AttemptFailed)) throw error;
      if (attempt >= error.attempts || error.pauseMs > MAX_WAIT_MS) throw error.failure;
      const bound = Math.min(FIRST_PAUSE_MS * GROWTH ** (attempt - 1), LONGEST_PAUSE_MS);
      const pauseMs = error.pauseMs + deps.random() * bound;
      deps.log.debug({ code: error.failure.code, attempt, pauseMs }, error.message);
      await sleep(deps.clock, pauseMs, signal);
    }
  }
}
