/**
 * A sliding window: a request is admitted if fewer than `rate` were admitted in the second before
 * it. Refused requests do not count. The window is half open: admissions exactly 1,000 ms apart are
 * in different seconds.
 */
export class Throttle {
  /** Requests per second; can be changed at any time. */
  rate: number;
  /** Admissions of the last second, oldest first; never more than the highest rate so far. */
  readonly #admitted: number[] = [];

  constructor(rate: number) {
    this.rate = rate;
  }

  /** @param nowMs monotonic time of the request's arrival, in ms. */
  admit(nowMs: number): boolean {
    const expired = this.#admitted.findIndex((at) => at > nowMs - 1000);
    this.#admitted.splice(0, expired === -1 ? this.#admitted.length : expired);
    if (this.#admitted.length >= this.rate) return false;
    this.#admitted.push(nowMs);
    return true;
  }
}
