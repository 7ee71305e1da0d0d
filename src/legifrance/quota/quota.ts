import { LegisyncError } from '../../contract/failures.ts';
import { URGENT_RANK } from '../../contract/limits.ts';
import { MAX_RETRY_AFTER_MS, MAX_WAIT_MS } from '../../contract/timing.ts';
import { reasonOf } from '../abort.ts';
import { systemClock, type Clock } from '../clock.ts';
import { createPace } from './pace.ts';
import { createRolling, createSecond } from './rolling.ts';

/** Permission to send one request now. */
export interface Permission {
  /**
   * Reports that the answer is complete, so the request has arrived. This frees its place in the
   * second sooner; not calling it is safe.
   */
  arrived(): void;
}

/** Grants permission to send. One for each PISTE application; all its clients share it. */
export interface Quota {
  /**
   * Resolves when one request may be sent. It must be sent at once: a permission cannot be kept. A
   * `rank` of 0 (the default) or 1 is urgent: it is served before the others, and only it may use
   * the reserve of the hour and of the day.
   *
   * @throws LegisyncError `QUOTA_SPENT` (the hour or the day has no room for more than 30 s) or
   * `LEGIFRANCE_THROTTLED` (the API asked for a pause of more than 30 s), both with `retryAfterMs`;
   * the signal's reason when it is aborted.
   */
  acquire(signal: AbortSignal, rank?: number): Promise<Permission>;
  /**
   * The API refused a request because of load: slows down, and permits nothing for `retryAfterMs`.
   */
  throttled(retryAfterMs?: number): void;
}

export interface ProcessQuotaOptions {
  /**
   * Requests in any sliding second, hour and day. PISTE shows the quotas of an application under
   * "Consulter les quotas".
   */
  readonly perSecond: number;
  readonly perHour: number;
  readonly perDay: number;
  /**
   * Share of the hour and of the day for urgent requests only, in percent, 0 to 50. Default 2.
   * Unless it is 0, the reserve is at least what one MAINTENANCE run needs.
   */
  readonly reservePercent?: number | undefined;
  /**
   * `smooth` spreads the hour's quota, minus the reserve, evenly over the hour (153 ms apart at
   * 24,000), so that requests never pause for long. `burst` sends as fast as the second's limit
   * allows (51 ms apart at 20), and pauses when the hour is spent.
   */
  readonly pacing: 'smooth' | 'burst';
  readonly clock?: Clock | undefined;
}

/** Margin for clock drift and for the resolution of the API's clock; costs 2 % of the rate. */
const MARGIN_MS = 20;

/**
 * Assumed maximum transit time of a request that has no answer yet. If answers take longer, this
 * reduces 20 requests a second to 18.5 (margin included). If answers are faster, it costs almost
 * nothing.
 */
const TRAVEL_MS = 60;

/**
 * A send up to this late keeps the rhythm, so timer jitter costs nothing; see
 * {@link createProcessQuota}.
 */
const LATE_MS = 100;

/** The gate admits at most 50 requests at a time, so reaching this limit means a bug. */
const MAX_WAITING = 1_000;

/**
 * 480 requests an hour and 5,600 a day by default: enough for four collections with a MAINTENANCE
 * run every two hours.
 */
const RESERVE_PERCENT = 2;

/** Requests of one MAINTENANCE run: 100 documents and their listings. */
const RUN_REQUESTS = 110;

/** The reserve is at most half of a small limit; otherwise MASSIVE could not run at all. */
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
 * Sends happen in timed slots, one `pace` apart. The second's limit is checked against the actual
 * times of the last sends, so neither timer jitter nor a stall of the event loop can put 21
 * requests into one second. A slot up to 100 ms late keeps its place in the rhythm, and the average
 * rate stays the same. A slot later than that is dropped and the rhythm starts again from now:
 * missed slots are lost, not caught up in a burst.
 *
 * Urgent waiters are served first, then the others, each in order of arrival. An aborted waiter
 * leaves its place to the next. There is one timer, for the first waiter.
 *
 * Without a reserve, MASSIVE would spend the day's quota in 11 h 40 min, and MAINTENANCE could not
 * find changes for the rest of the day. Requests that are not urgent therefore see an hour and a
 * day that are smaller by the reserve, and the pace follows the smaller hour.
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
  let pausedUntil = -Infinity;
  let cancelTimer: (() => void) | undefined;

  /** The waiter that is served next. */
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

  /** Serves every waiter that can be served now, and sets the timer for the next one. */
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
      const at = Math.max(slotAt, pausedUntil, second.roomAt(), roomAt(now, waiter));
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

  /**
   * The time in `ms` milliseconds, ISO 8601, in whole seconds. A message is read long after it was
   * written, so it must not count from then.
   */
  function timeIn(ms: number): string {
    const seconds = Math.ceil((clock.date() + ms) / 1_000);
    return new Date(seconds * 1_000).toISOString().replace('.000', '');
  }

  /** The error for a waiter that would have to wait too long; undefined if it may wait. */
  function refuse(now: number, waiter: Waiter): LegisyncError | undefined {
    const pauseMs = Math.ceil(pausedUntil - now);
    if (pauseMs > MAX_WAIT_MS) {
      return new LegisyncError(
        'LEGIFRANCE_THROTTLED',
        `Légifrance asked for a pause; the next request may be sent at ${timeIn(pauseMs)}.`,
        { retryAfterMs: pauseMs },
      );
    }
    const spentMs = Math.ceil(roomAt(now, waiter) - now);
    return spentMs > MAX_WAIT_MS ? spent(waiter, spentMs, now) : undefined;
  }

  /** Names the limit that is spent for longer. */
  function spent({ urgent: isUrgent }: Waiter, spentMs: number, now: number): LegisyncError {
    const isDay = day.roomAt(now, isUrgent ? 0 : keptOfDay) - now >= spentMs - 1;
    const [limit, kept, setting] = isDay
      ? [`day (${options.perDay} requests`, keptOfDay, 'LEGISYNC_QUOTA_PER_DAY']
      : [`hour (${options.perHour} requests`, keptOfHour, 'LEGISYNC_QUOTA_PER_HOUR'];
    const reserve = isUrgent || kept === 0 ? '' : `, ${kept} of them for MAINTENANCE`;
    return new LegisyncError(
      'QUOTA_SPENT',
      `The quota of the ${limit}${reserve}, ${setting}) is spent until ${timeIn(spentMs)}.`,
      { retryAfterMs: spentMs },
    );
  }

  return {
    async acquire(signal, rank = 0) {
      signal.throwIfAborted();
      if (urgent.size + others.size >= MAX_WAITING) {
        throw new LegisyncError(
          'LEGIFRANCE_THROTTLED',
          `${urgent.size + others.size} requests already wait for the quota of ${options.perSecond} a second. Lower LEGISYNC_CONSULT_CONCURRENCY.`,
        );
      }
      const { promise, resolve, reject } = Promise.withResolvers<Permission>();
      const waiter: Waiter = { urgent: rank <= URGENT_RANK, resolve, reject };
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
      pausedUntil = Math.max(pausedUntil, now + Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
      serve();
    },
  };
}
