/**
 * A true sliding window: a request is admitted when fewer than `rate` were admitted in the second that ends with it.
 * Refused requests take no place. The window is half open, so admissions exactly 1,000 ms apart are in different seconds.
 */
export class Throttle {
  /** Requests per second; may be set at any time. */
  rate: number;
  /** Admissions of the last second, oldest first; never more than the rate was at its highest. */
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
