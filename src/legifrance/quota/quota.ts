import { LegisyncError } from '../../contract/failures.ts';
import { reasonOf } from '../abort.ts';
import { systemClock, type Clock } from '../clock.ts';
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
   * Resolves when one request may be sent, at once: a permission is for now, not to be kept. A `rank` of 0 (the default)
   * or 1 is urgent: it goes before the others, and the reserve of the hour and of the day is for it alone.
   *
   * @throws LegisyncError `QUOTA_SPENT` (the hour or the day has no room for 30 s or more) or `LEGIFRANCE_THROTTLED`
   * (the API asked for a longer silence), both with `retryAfterMs`; the signal's reason when it is aborted.
   */
  acquire(signal: AbortSignal, rank?: number): Promise<Permission>;
  /** The API refused a request for load: send more slowly, and nothing for `retryAfterMs`. */
  throttled(retryAfterMs?: number): void;
}

export interface ProcessQuotaOptions {
  /** Requests in any sliding second, hour and day. PISTE shows an application its own under "Consulter les quotas". */
  readonly perSecond: number;
  readonly perHour: number;
  readonly perDay: number;
  /**
   * Part of the hour and of the day that only urgent requests may use, in percent, 0 to 50. Default 2; where it is not 0,
   * at least what one MAINTENANCE run needs.
   */
  readonly reservePercent?: number | undefined;
  /**
   * `smooth` spreads the hour's quota, less the reserve, evenly over the hour (153 ms apart at 24,000): work never stops
   * dead.
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

/** The gate lets in as many as it has connections, 50 at most: this many can only come from a fault. */
const MAX_WAITING = 1_000;

/** Ranks up to this are urgent: the listings and the consults of MAINTENANCE. */
const URGENT = 1;

/** 480 requests an hour and 5,600 a day by default: enough for four collections with a MAINTENANCE run every two hours. */
const RESERVE_PERCENT = 2;

/** What a MAINTENANCE run needs: 100 documents, and their listings. */
const RUN_REQUESTS = 110;

/** Of a limit that is smaller than a few runs, the reserve takes no more than half: the rest would stand still. */
function reserveOf(limit: number, percent: number): number {
  if (percent === 0) return 0;
  return Math.min(Math.max(Math.ceil((limit * percent) / 100), RUN_REQUESTS), Math.floor(limit / 2));
}

interface Waiter {
  readonly urgent: boolean;
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
 * Urgent waiters are served first, the others after them, each in the order they came; one that is aborted leaves its
 * place to the next. There is one timer, for the first of them.
 *
 * Without a reserve, MASSIVE would spend the day in 11 h 40 min and MAINTENANCE would see nothing new for the other half
 * of it. So for whoever is not urgent, the hour and the day are smaller by the reserve, and the pace is that of the
 * smaller hour.
 */
export function createProcessQuota(options: ProcessQuotaOptions): Quota {
  const clock = options.clock ?? systemClock;
  const second = createSecond(options.perSecond, TRAVEL_MS, MARGIN_MS);
  const hour = createRolling(options.perHour, 3_600_000, 1_000);
  const day = createRolling(options.perDay, 86_400_000, 60_000);
  const fastest = (1_000 + MARGIN_MS) / options.perSecond;
  const percent = options.reservePercent ?? RESERVE_PERCENT;
  const keptOfHour = reserveOf(options.perHour, percent);
  const keptOfDay = reserveOf(options.perDay, percent);
  const pace = createPace(
    options.pacing === 'burst' ? fastest : Math.max(fastest, 3_600_000 / (options.perHour - keptOfHour)),
  );

  const urgent = new Set<Waiter>();
  const others = new Set<Waiter>();
  let slotAt = -Infinity;
  let silentUntil = -Infinity;
  let cancelTimer: (() => void) | undefined;

  /** Who is served next. */
  function first(): Waiter | undefined {
    for (const waiter of urgent) return waiter;
    for (const waiter of others) return waiter;
    return undefined;
  }

  function leave(waiter: Waiter): void {
    (waiter.urgent ? urgent : others).delete(waiter);
  }

  /** When the hour and the day have room for `waiter`. */
  function roomAt(now: number, waiter: Waiter): number {
    return Math.max(
      hour.roomAt(now, waiter.urgent ? 0 : keptOfHour),
      day.roomAt(now, waiter.urgent ? 0 : keptOfDay),
    );
  }

  /** Serves whoever can be served now, and sets the timer for the next. */
  function serve(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    for (let waiter = first(); waiter !== undefined; waiter = first()) {
      const now = clock.now();
      const refusal = refuse(now, waiter);
      if (refusal !== undefined) {
        leave(waiter);
        waiter.reject(refusal);
        continue;
      }
      const at = Math.max(slotAt, silentUntil, second.roomAt(), roomAt(now, waiter));
      if (at > now) {
        cancelTimer = clock.after(at - now, serve);
        return;
      }
      const arrivedBy = second.add(now);
      hour.add(now);
      day.add(now);
      slotAt = (now - slotAt > LATE_MS ? now : slotAt) + pace.spacingMs(now);
      leave(waiter);
      waiter.resolve({ arrived: () => arrivedBy(clock.now()) });
    }
  }

  /** Why `waiter` should not wait at all, where that is so. */
  function refuse(now: number, waiter: Waiter): LegisyncError | undefined {
    const silenceMs = Math.ceil(silentUntil - now);
    if (silenceMs > MAX_WAIT_MS) {
      return new LegisyncError(
        'LEGIFRANCE_THROTTLED',
        `Légifrance asked for no request during the next ${Math.ceil(silenceMs / 1_000)} s.`,
        { retryAfterMs: silenceMs },
      );
    }
    const spentMs = Math.ceil(roomAt(now, waiter) - now);
    if (spentMs > MAX_WAIT_MS) {
      const kept = waiter.urgent ? '' : `, of which ${keptOfHour} and ${keptOfDay} are kept for MAINTENANCE`;
      return new LegisyncError(
        'QUOTA_SPENT',
        `The quota (${options.perHour} requests an hour, ${options.perDay} a day${kept}) is spent for ${Math.ceil(spentMs / 1_000)} s.`,
        { retryAfterMs: spentMs },
      );
    }
    return undefined;
  }

  return {
    async acquire(signal, rank = 0) {
      signal.throwIfAborted();
      if (urgent.size + others.size >= MAX_WAITING) {
        throw new LegisyncError(
          'LEGIFRANCE_THROTTLED',
          `${urgent.size + others.size} requests already wait for the quota of ${options.perSecond} a second; lower the concurrency.`,
        );
      }
      const { promise, resolve, reject } = Promise.withResolvers<Permission>();
      const waiter: Waiter = { urgent: rank <= URGENT, resolve, reject };
      const abort = (): void => {
        leave(waiter);
        reject(reasonOf(signal));
        if (first() === undefined) cancelTimer?.();
      };
      signal.addEventListener('abort', abort, { once: true });
      (waiter.urgent ? urgent : others).add(waiter);
      if (first() === waiter) serve();
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
