import { Arrivals, type ArrivalStats } from './arrivals.ts';

/** Documents whose consults are counted one by one; those beyond it count in the total only. */
const MAX_DOCUMENTS = 1_000_000;

/** What the simulator has been asked since the start or the last reset. */
export interface Stats {
  readonly api: {
    readonly total: number;
    /** By path below the API's base; every unknown path counts as `other`. */
    readonly byPath: Readonly<Record<string, number>>;
    /** By HTTP status; `reset` counts connections cut on purpose. */
    readonly byStatus: Readonly<Record<string, number>>;
  };
  readonly token: { readonly total: number; readonly byStatus: Readonly<Record<string, number>> };
  /** Documents handed out by `/consult/getArticle` and `/consult/juri`; refused and failed requests do not count. */
  readonly consults: {
    readonly total: number;
    readonly distinct: number;
    readonly maxPerDocument: number;
    readonly maxDocument: string | null;
  };
  /** Every API request, also those refused; the token endpoint is not in it. */
  readonly arrivals: ArrivalStats;
}

/** Counts what happens; everything in it is bounded. */
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

  /** How often one document has been handed out. */
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
