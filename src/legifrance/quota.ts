import { LegisyncError } from '../contract/failures.ts';
import { reasonOf, systemClock, type Clock } from './clock.ts';
import { createPace } from './pace.ts';
import { createRolling, createSecond } from './rolling.ts';

/** Permission to send one request, now. */
export interface Permission {
  /** Its answer is there, so it has arrived. Makes room sooner; where nobody knows, not calling it is safe. */
  arrived(): void;
}

/** Gives permission to send. One for each API application, however many clients share it. */
export interface Quota {
  /**
   * Resolves when one request may be sent, at once: a permission is for now, not to be kept.
   *
   * @throws LegisyncError `QUOTA_SPENT` (the hour or the day has no room for 30 s or more) or `LEGIFRANCE_THROTTLED`
   * (the API asked for a longer silence), both with `retryAfterMs`; the signal's reason when it is aborted.
   */
  acquire(signal: AbortSignal): Promise<Permission>;
  /** The API refused a request for load: send more slowly, and nothing for `retryAfterMs`. */
  throttled(retryAfterMs?: number): void;
}

export interface ProcessQuotaOptions {
  /** Requests in any sliding second, hour and day. PISTE shows an application its own under "Consulter les quotas". */
  readonly perSecond: number;
  readonly perHour: number;
  readonly perDay: number;
  /**
   * `smooth` spreads the hour's quota evenly over the hour (150 ms apart at 24,000): work never stops dead.
   * `burst` goes as fast as a second allows (51 ms apart at 20), and pauses when the hour is spent.
   */
  readonly pacing: 'smooth' | 'burst';
  readonly clock?: Clock | undefined;
}

/** For clocks that differ in their pace and for what the other side's own clock cannot tell apart; costs 2 %. */
const MARGIN_MS = 20;

/**
 * How long a request that is still unanswered may have been on its way. Where answers take longer, this is what it
 * costs, and with the margin 20 a second become 18.5; where they come sooner, next to nothing.
 */
const TRAVEL_MS = 60;

/** A send up to this late keeps the rhythm, so that timers' jitter costs nothing; see {@link createProcessQuota}. */
const LATE_MS = 100;

/** A wait that a caller should sit out. Beyond it he does better to give the work back and say when to resume. */
const MAX_WAIT_MS = 30_000;

/** The longest silence that we let the API impose at one go: a mistaken header must not silence us for days. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/** As in the gate: more waiters than a healthy worker has. */
const MAX_WAITING = 1_000;

interface Waiter {
  readonly resolve: (permission: Permission) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A quota for one process.
 *
 * Sends happen in timed slots. Slots follow each other at the pace, but what is *counted* is when a send really happened:
 * the second's limit is checked against the actual times of the last sends, so no jitter of timers and no stall of the
 * event loop can squeeze 21 requests into one second. After a stall, a slot up to 100 ms late keeps its place in the rhythm
 * (average rate unharmed); one later than that is given up and the rhythm starts again from now, so that the slots
 * missed are lost, not caught up on in a burst.
 *
 * Waiters are served in the order they came; one that is aborted leaves its place to the next. There is one timer, for
 * the first of them.
 */
export function createProcessQuota(options: ProcessQuotaOptions): Quota {
  const clock = options.clock ?? systemClock;
  const second = createSecond(options.perSecond, TRAVEL_MS, MARGIN_MS);
  const hour = createRolling(options.perHour, 3_600_000, 1_000);
  const day = createRolling(options.perDay, 86_400_000, 60_000);
  const fastest = (1_000 + MARGIN_MS) / options.perSecond;
  const pace = createPace(
    options.pacing === 'burst' ? fastest : Math.max(fastest, 3_600_000 / options.perHour),
  );

  const waiting = new Set<Waiter>();
  let slotAt = -Infinity;
  let silentUntil = -Infinity;
  let cancelTimer: (() => void) | undefined;

  /** Serves whoever can be served now, and sets the timer for the next. */
  function serve(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    for (const waiter of waiting) {
      const now = clock.now();
      const refusal = refuse(now);
      if (refusal !== undefined) {
        waiting.delete(waiter);
        waiter.reject(refusal);
        continue;
      }
      const at = Math.max(slotAt, silentUntil, second.roomAt(), hour.roomAt(now), day.roomAt(now));
      if (at > now) {
        cancelTimer = clock.after(at - now, serve);
        return;
      }
      const arrivedBy = second.add(now);
      hour.add(now);
      day.add(now);
      slotAt = (now - slotAt > LATE_MS ? now : slotAt) + pace.spacingMs(now);
      waiting.delete(waiter);
      waiter.resolve({ arrived: () => arrivedBy(clock.now()) });
    }
  }

  /** Why nobody should wait at all, where that is so. */
  function refuse(now: number): LegisyncError | undefined {
    const silenceMs = Math.ceil(silentUntil - now);
    if (silenceMs > MAX_WAIT_MS) {
      return new LegisyncError(
        'LEGIFRANCE_THROTTLED',
        `Légifrance asked for no request during the next ${Math.ceil(silenceMs / 1_000)} s.`,
        { retryAfterMs: silenceMs },
      );
    }
    const spentMs = Math.ceil(Math.max(hour.roomAt(now), day.roomAt(now)) - now);
    if (spentMs > MAX_WAIT_MS) {
      return new LegisyncError(
        'QUOTA_SPENT',
        `The quota (${options.perHour} requests an hour, ${options.perDay} a day) is spent for ${Math.ceil(spentMs / 1_000)} s.`,
        { retryAfterMs: spentMs },
      );
    }
    return undefined;
  }

  return {
    async acquire(signal) {
      signal.throwIfAborted();
      if (waiting.size >= MAX_WAITING) {
        throw new LegisyncError(
          'LEGIFRANCE_THROTTLED',
          `${waiting.size} requests already wait for the quota of ${options.perSecond} a second; lower the concurrency.`,
        );
      }
      const { promise, resolve, reject } = Promise.withResolvers<Permission>();
      const waiter: Waiter = { resolve, reject };
      const abort = (): void => {
        waiting.delete(waiter);
        reject(reasonOf(signal));
        if (waiting.size === 0) cancelTimer?.();
      };
      signal.addEventListener('abort', abort, { once: true });
      waiting.add(waiter);
      if (waiting.size === 1) serve();
      try {
        return await promise;
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },

    throttled(retryAfterMs = 0) {
      const now = clock.now();
      pace.slowDown(now);
      slotAt = Math.max(slotAt, now + pace.spacingMs(now));
      silentUntil = Math.max(silentUntil, now + Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
      serve();
    },
  };
}
