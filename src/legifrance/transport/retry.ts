import { sleep, type Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { AttemptFailed } from '../failures.ts';

export interface RetryDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** Pauses grow 0.5, 2, 8 s: what passes at all within seconds passes within three tries that far apart. */
const FIRST_PAUSE_MS = 500;
const GROWTH = 4;
const LONGEST_PAUSE_MS = 8_000;

/** Whoever is asked to wait longer than this gives the work back, rather than hold a place in an activity. */
const LONGEST_ASKED_PAUSE_MS = 30_000;

/**
 * Does `once` again while it throws {@link AttemptFailed} and has attempts left; then throws the failure itself. Pauses
 * are drawn between zero and their bound ("full jitter": callers that failed together come back apart), on top of what
 * the failure asks for.
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
      if (attempt >= error.attempts || error.pauseMs > LONGEST_ASKED_PAUSE_MS) throw error.failure;
      const bound = Math.min(FIRST_PAUSE_MS * GROWTH ** (attempt - 1), LONGEST_PAUSE_MS);
      const pauseMs = error.pauseMs + deps.random() * bound;
      deps.log.debug({ code: error.failure.code, attempt, pauseMs }, error.message);
      await sleep(deps.clock, pauseMs, signal);
    }
  }
}
