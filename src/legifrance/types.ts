/** What the rest of legisync asks of Légifrance. Implemented by `createLegifrance`; tests may put faults in front. */

/** A document as an enumeration shows it. */
export interface ListedDocument {
  readonly id: string;
  /**
   * The change signal: a short digest of what the listing says of the document (state, dates, who modified it). While
   * it stands still, the document is taken as unchanged and costs no consult. Prefixed with its version, `r1:`.
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

/** Days, `YYYY-MM-DD`, both inclusive. */
export interface DateWindow {
  readonly from: string;
  readonly to: string;
}

/** The days of a search, and which of a document's dates is meant. */
export interface SearchWindow extends DateWindow {
  /** `decided`: the day of the decision, which never moves. `added`: the day it came into the base, weeks later. */
  readonly field: 'decided' | 'added';
}

/** One search, apart from its page. */
export interface SearchQuery {
  readonly fond: 'CODE_DATE' | 'CETAT';
  /** Words, or `*` for everything. */
  readonly query: string;
  /** Only documents dated within it. Fonds that have no date range (CODE_DATE) refuse it. */
  readonly window?: SearchWindow | undefined;
  /** The day as of which CODE_DATE shows the law, `YYYY-MM-DD`. Fonds of decisions have no use for it. */
  readonly day: string;
}

/**
 * One page of a search. Where the fond has dates, the oldest come first, so that what is added while we read lands on the
 * pages that are still to come.
 */
export interface SearchPage {
  readonly documents: readonly ListedDocument[];
  /** What the API says the whole search holds; it may exceed what can be reached (10,000). */
  readonly total: number;
  /** No page follows: this one is empty, or short where the total ends too, or it is the last that can be reached. */
  readonly last: boolean;
  /** It is the last that can be reached, and full: more may lie behind it, whatever `total` says. */
  readonly overfull: boolean;
}

/** A document, as the API answered. */
export interface Consulted {
  readonly id: string;
  /** The answer's bytes, verbatim. */
  readonly body: Buffer;
  /** Hash of the canonical projection, `v1:<64 hex digits>`. */
  readonly sha256: string;
}

/**
 * The API. Each method waits for its place in the quota, retries briefly in place, and throws `LegisyncError` (codes
 * `LEGIFRANCE_*`, `DOCUMENT_*`, `QUOTA_SPENT` with `retryAfterMs`), or the signal's reason when it is aborted.
 *
 * `rank`: of those who wait, the lowest goes first. Ranks of 0 (the default) and 1 are MAINTENANCE's, and have the
 * reserve of the quota.
 */
export interface Legifrance {
  listCodes(signal: AbortSignal, rank?: number): Promise<readonly CodeSummary[]>;
  /** Every article that the code's table of contents shows on `day` in a state that is, or will be, in force. */
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
  consult(id: string, signal: AbortSignal, rank?: number): Promise<Consulted>;
}
