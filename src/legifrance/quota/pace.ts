/** The time between sends, which grows when the API refuses requests because of load. */
export interface Pace {
  /** Milliseconds from one send to the next, as of `now`. */
  spacingMs(now: number): number;
  /** The API refused a request because of load: halves the rate. */
  slowDown(now: number): void;
}

/**
 * Time to return to the full rate. One refusal costs about 25 % of a minute's requests; each
 * further refusal in a row costs more.
 */
const RECOVERY_MS = 60_000;

/**
 * Lowest rate after refusals, unless the quota is lower. One request a second is enough to find out
 * that the API accepts requests again.
 */
const FLOOR_PER_SECOND = 1;

/** Requests in flight together are refused together: these refusals count once. */
const SAME_OVERLOAD_MS = 1_000;

/**
 * Additive increase, multiplicative decrease, as in TCP: starts with one send every `spacingMs`,
 * halves the rate on a refusal, and returns to the full rate linearly while there is no refusal.
 */
export function createPace(spacingMs: number): Pace {
  const full = 1_000 / spacingMs;
  const floor = Math.min(FLOOR_PER_SECOND, full);
  let rate = full;
  let since = -Infinity;

  const rateAt = (now: number): number => Math.min(full, rate + ((now - since) / RECOVERY_MS) * full);

  return {
    spacingMs: (now) => 1_000 / rateAt(now),
    slowDown(now) {
      if (now - since < SAME_OVERLOAD_MS) return;
      rate = Math.max(floor, rateAt(now) / 2);
      since = now;
    },
  };
}
