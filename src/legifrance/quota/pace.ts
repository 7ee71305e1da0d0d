/** How far apart sends are, and how that gives way when the other side says it is too much. */
export interface Pace {
  /** Milliseconds from one send to the next, as of `now`. */
  spacingMs(now: number): number;
  /** The API refused for load: halves the rate. */
  slowDown(now: number): void;
}

/** Back to the full rate in a minute: a refusal costs about 25 % of one minute, and refusals in a row cost more each. */
const RECOVERY_MS = 60_000;

/** Never slower than this by itself (unless the quota is): one request a second still finds out that all is well. */
const FLOOR_PER_SECOND = 1;

/** Requests in flight together are refused together: that is one sign of load, not ten. */
const ONE_SIGN_MS = 1_000;

/**
 * Additive increase, multiplicative decrease (as TCP does it): starts at one send every `spacingMs`, halves on a
 * refusal, and regains the full rate linearly while there is none.
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
      if (now - since < ONE_SIGN_MS) return;
      rate = Math.max(floor, rateAt(now) / 2);
      since = now;
    },
  };
}
