/** A rate over the last while, from the count seen now and then. */
export interface RateEstimator {
  /** Adds what a counter showed at a time (milliseconds, any origin). */
  readonly add: (atMs: number, count: number) => void;
  /** Per minute, over the window; undefined until two samples lie at least a second apart. */
  readonly perMinute: () => number | undefined;
  /** Seconds until `remaining` more are done at that rate; undefined while the rate is unknown or nothing moves. */
  readonly etaSeconds: (remaining: number) => number | undefined;
}

interface Sample {
  readonly atMs: number;
  readonly count: number;
}

/** Documents come in batches: less than a minute would show the batches, more would hide a stall. */
const DEFAULT_WINDOW_MS = 60_000;

/** Two samples closer than this say more about their timing than about the rate. */
const MIN_SPAN_MS = 1_000;

/** Samples nearer to each other than a 120th of the window are merged, which bounds their number. */
const MAX_SAMPLES = 120;

/** Makes an estimator; a counter that goes down or a clock that goes back (a reset) starts it anew. */
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
      // The youngest sample outside the window stays: it is the window's left edge.
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
