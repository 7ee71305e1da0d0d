const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 24 * HOUR_SECONDS;

/** When a document is tried again after a failure. */
interface DocumentRetry {
  /** After the first failure; twice as long after each further one, up to a day. */
  readonly retrySeconds: number;
  /** The same failure twice in a row means that the document is withdrawn. */
  readonly withdrawSecond: boolean;
}

/**
 * A code that is not here waits a day: a request that may be in vain is better than a document that
 * nobody asks for again.
 */
const OTHERWISE: DocumentRetry = { retrySeconds: DAY_SECONDS, withdrawSecond: false };

const BY_CODE: Readonly<Record<string, DocumentRetry>> = {
  // The API also answers "not found" in passing: it is believed the second time.
  DOCUMENT_NOT_FOUND: { retrySeconds: HOUR_SECONDS, withdrawSecond: true },
  DOCUMENT_MALFORMED: { retrySeconds: HOUR_SECONDS, withdrawSecond: false },
  LEGIFRANCE_REJECTED: { retrySeconds: HOUR_SECONDS, withdrawSecond: false },
  // An operator may raise the bucket's limit; until then the document is consulted, only to be
  // refused, once a day.
  DOCUMENT_REFUSED: { retrySeconds: DAY_SECONDS, withdrawSecond: false },
  // These two are the service's trouble and end an attempt, unless they come with one document
  // while others go through.
  LEGIFRANCE_UNAVAILABLE: { retrySeconds: 300, withdrawSecond: false },
  STORAGE_BUSY: { retrySeconds: 300, withdrawSecond: false },
  INTERNAL: { retrySeconds: HOUR_SECONDS, withdrawSecond: false },
};

/** When a document is tried again after a failure with `code`. */
export function documentRetry(code: string): DocumentRetry {
  return BY_CODE[code] ?? OTHERWISE;
}
