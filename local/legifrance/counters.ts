import { Arrivals, type ArrivalStats } from './arrivals.ts';

/**
 * Maximum number of documents that are counted individually; the rest is counted in the total only.
 */
const MAX_DOCUMENTS = 1_000_000;

/** Requests to the simulator since the start or the last reset. */
export interface Stats {
  readonly api: {
    readonly total: number;
    /** By path, relative to the API's base; unknown paths count as `other`. */
    readonly byPath: Readonly<Record<string, number>>;
    /** By HTTP status; `reset` counts connections cut on purpose. */
    readonly byStatus: Readonly<Record<string, number>>;
  };
  readonly token: { readonly total: number; readonly byStatus: Readonly<Record<string, number>> };
  /**
   * Documents sent by `/consult/getArticle` and `/consult/juri`, without refused and failed
   * requests.
   */
  readonly consults: {
    readonly total: number;
    readonly distinct: number;
    readonly maxPerDocument: number;
    readonly maxDocument: string | null;
  };
  /** Every API request, including refused ones, without the token endpoint. */
  readonly arrivals: ArrivalStats;
}

/** Counts requests and answers in bounded memory. */
export class Counters {
  #arrivals = new Arrivals();
  #byPath = new Map<string, number>();
  #byStatus = new Map<string, number>();
  #tokenByStatus = new Map<string, number>();
  #tokenTotal = 0;
  #consults = new Map<string, number>();
  #consultTotal = 0;
  #max = 0;
  #maxDocument: string | null = null;

  apiArrived(path: string, nowMs: number): void {
    this.#arrivals.record(nowMs);
    increment(this.#byPath, path);
  }

  apiAnswered(status: number | 'reset'): void {
    increment(this.#byStatus, String(status));
  }

  tokenAsked(): void {
    this.#tokenTotal += 1;
  }

  tokenAnswered(status: number | 'reset'): void {
    increment(this.#tokenByStatus, String(status));
  }

  consulted(id: string): void {
    this.#consultTotal += 1;
    if (!this.#consults.has(id) && this.#consults.size >= MAX_DOCUMENTS) return;
    const count = increment(this.#consults, id);
    if (count > this.#max) {
      this.#max = count;
      this.#maxDocument = id;
    }
  }

  /** How often a document has been sent. */
  consultsOf(id: string): number {
    return this.#consults.get(id) ?? 0;
  }

  stats(): Stats {
    const arrivals = this.#arrivals.stats();
    return {
      api: {
        total: arrivals.total,
        byPath: Object.fromEntries(this.#byPath),
        byStatus: Object.fromEntries(this.#byStatus),
      },
      token: { total: this.#tokenTotal, byStatus: Object.fromEntries(this.#tokenByStatus) },
      consults: {
        total: this.#consultTotal,
        distinct: this.#consults.size,
        maxPerDocument: this.#max,
        maxDocument: this.#maxDocument,
      },
      arrivals,
    };
  }

  reset(): void {
    this.#arrivals = new Arrivals();
    this.#byPath = new Map();
    this.#byStatus = new Map();
    this.#tokenByStatus = new Map();
    this.#tokenTotal = 0;
    this.#consults = new Map();
    this.#consultTotal = 0;
    this.#max = 0;
    this.#maxDocument = null;
  }
}

function increment(counts: Map<string, number>, key: string): number {
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  return count;
}
