/**
 * The Légifrance API for the rest of legisync. `createLegifrance` implements it; tests may inject
 * faults.
 */

/** A document in a listing. */
export interface ListedDocument {
  readonly id: string;
  /**
   * The change signal: a short digest of what the listing says about the document (state, dates,
   * modifying text). While it stays the same, the document counts as unchanged and is not
   * consulted. Prefixed with its version, `r1:`.
   */
  readonly revision: string;
}

/** A code as `/list/code` shows it. */
export interface CodeSummary {
  /** `LEGITEXT…` */
  readonly id: string;
  readonly title: string;
  readonly state: string;
}

/** Days, `YYYY-MM-DD`; both are included. */
export interface DateWindow {
  readonly from: string;
  readonly to: string;
}

/** The days of a search, and the date of a document that they apply to. */
export interface SearchWindow extends DateWindow {
  /**
   * `decided`: the day of the decision, which never changes. `added`: the day it was added to the
   * fond, weeks later.
   */
  readonly field: 'decided' | 'added';
}

/** One search, without its page. */
export interface SearchQuery {
  readonly fond: 'CODE_DATE' | 'CETAT';
  /** Words, or `*` for everything. */
  readonly query: string;
  /**
   * Only documents with a date within it. Not allowed for fonds without a date range (CODE_DATE).
   */
  readonly window?: SearchWindow | undefined;
  /** The day as of which CODE_DATE shows the law, `YYYY-MM-DD`. Fonds of decisions ignore it. */
  readonly day: string;
}

/**
 * One page of a search. If the fond has dates, the oldest documents come first, so that documents
 * added during the enumeration appear on the pages that follow.
 */
export interface SearchPage {
  readonly documents: readonly ListedDocument[];
  /** Number of hits of the whole search, as the API says; it may exceed the reach (10,000). */
  readonly total: number;
  /**
   * No page follows: this one is empty, or it is short and the total ends with it, or it is the
   * last page within reach.
   */
  readonly last: boolean;
  /** It is the last page within reach, and full: there may be more hits, whatever `total` says. */
  readonly overfull: boolean;
}

/** A document as the API returned it. */
export interface Consulted {
  readonly id: string;
  /** The answer's bytes, verbatim. */
  readonly body: Buffer;
  /** Content hash: hash of the canonical projection, `v1:<64 hex digits>`. */
  readonly sha256: string;
}

/**
 * The API. Each method waits for the quota, retries a few times, and throws `LegisyncError` (codes
 * `LEGIFRANCE_*`, `DOCUMENT_*`, `QUOTA_SPENT` with `retryAfterMs`), or the signal's reason when it
 * is aborted.
 *
 * `rank`: waiting requests with the lowest rank are served first. Ranks 0 (the default) and 1
 * belong to MAINTENANCE and may use the reserve of the quota.
 */
export interface Legifrance {
  listCodes(signal: AbortSignal, rank?: number): Promise<readonly CodeSummary[]>;
  /**
   * Every article in the code's table of contents as of `day`, except those that are known to be
   * out of force.
   */
  tableOfContents(
    code: string,
    day: string,
    signal: AbortSignal,
    rank?: number,
  ): Promise<readonly ListedDocument[]>;
  /** Page `number` (from 1) of `size` (1 to 100) hits; `number * size` must not exceed 10,000. */
  search(
    query: SearchQuery,
    number: number,
    size: number,
    signal: AbortSignal,
    rank?: number,
  ): Promise<SearchPage>;
  /** `onSend` is called each time that the request is sent: until then it waits for its place. */
  consult(id: string, signal: AbortSignal, rank?: number, onSend?: () => void): Promise<Consulted>;
}
