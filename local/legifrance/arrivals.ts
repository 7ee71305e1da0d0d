/**
 * Number of arrivals kept. One Node process cannot receive as many in a second, so a full second
 * always fits.
 */
const KEPT = 1 << 16;

/** Statistics of {@link Arrivals}; times are monotonic, in ms. */
export interface ArrivalStats {
  readonly total: number;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** The largest number of arrivals in any half-open second: exact, not sampled. */
  readonly maxInAnySecond: number;
}

/**
 * A bounded log of arrival times. The busiest second ends with an arrival, so looking back from
 * each arrival finds it.
 */
export class Arrivals {
  readonly #log = new Float64Array(KEPT);
  #total = 0;
  /** Number of the oldest arrival within a second before the last one. */
  #oldest = 0;
  #max = 0;
  #first: number | null = null;
  #last: number | null = null;

  /** @param nowMs monotonic, not before the last recorded arrival. */
  record(nowMs: number): void {
    this.#log[this.#total % KEPT] = nowMs;
    this.#total += 1;
    this.#oldest = Math.max(this.#oldest, this.#total - KEPT);
    while (this.#at(this.#oldest) <= nowMs - 1000) this.#oldest += 1;
    this.#max = Math.max(this.#max, this.#total - this.#oldest);
    this.#first ??= nowMs;
    this.#last = nowMs;
  }

  stats(): ArrivalStats {
    return { total: this.#total, firstMs: this.#first, lastMs: this.#last, maxInAnySecond: this.#max };
  }

  #at(number: number): number {
    return this.#log[number % KEPT] ?? 0;
  }
}
