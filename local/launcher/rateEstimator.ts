/** Estimates a rate over a recent window from samples of a counter. */
export interface RateEstimator {
  /** Adds the counter's value at a time (milliseconds, any origin). */
  readonly add: (atMs: number, count: number) => void;
  /** Rate per minute over the window; undefined until two samples are at least a second apart. */
  readonly perMinute: () => number | undefined;
  /**
   * Seconds until `remaining` more are done at this rate; undefined while the rate is unknown or 0.
   */
  readonly etaSeconds: (remaining: number) => number | undefined;
}

interface Sample {
  readonly atMs: number;
  readonly count: number;
}

/**
 * Documents come in batches: a shorter window would show the batches, a longer one would hide a
 * stall.
 */
const DEFAULT_WINDOW_MS = 60_000;

/** With a shorter span, the rate would be too inaccurate. */
const MIN_SPAN_MS = 1_000;

/** Limits the number of samples: those closer together than a 120th of the window are merged. */
const MAX_SAMPLES = 120;

/** Creates an estimator. It starts from scratch if the counter or the clock goes back (a reset). */
export function createRateEstimator(windowMs = DEFAULT_WINDOW_MS): RateEstimator {
  let samples: Sample[] = [];

  const perMinute = (): number | undefined => {
    const [first, last] = [samples[0], samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs - first.atMs < MIN_SPAN_MS) return undefined;
    return ((last.count - first.count) * 60_000) / (last.atMs - first.atMs);
  };

  return {
    add: (atMs, count) => {
      const last = samples.at(-1);
      if (last !== undefined && (count < last.count || atMs < last.atMs)) samples = [];
      const beforeLast = samples.at(-2);
      if (beforeLast !== undefined && atMs - beforeLast.atMs < windowMs / MAX_SAMPLES) samples.pop();
      samples.push({ atMs, count });
      // Keeps the newest sample outside the window: it is the window's left edge.
      const inside = samples.findIndex((sample) => sample.atMs > atMs - windowMs);
      if (inside > 1) samples.splice(0, inside - 1);
    },
    perMinute,
    etaSeconds: (remaining) => {
      if (remaining <= 0) return 0;
      const rate = perMinute();
      return rate === undefined || rate <= 0 ? undefined : (remaining / rate) * 60;
    },
  };
}
