import type { BatchRef, Controls, DocumentFailure, EnqueueResult } from '../contract/collecting.ts';

/**
 * What the rest of legisync asks of Supabase. Both ports throw `LegisyncError` (`STORAGE_*`,
 * `DATABASE_*`, `SCHEMA_MISSING`, `QUEUE_INCOMPATIBLE`, `DOCUMENT_REFUSED`).
 */

/** Files of the bucket. */
export interface Storage {
  /** Makes the (private) bucket where it is not there. True where it was made. */
  ensureBucket(): Promise<boolean>;
  /**
   * Puts `body` at `path`, over what may be there, with `sha256` in the object's user metadata.
   * Repeating it is harmless.
   */
  upload(path: string, body: Buffer, sha256: string): Promise<void>;
}

/** What is known of one document of a batch. */
export interface BatchDocument {
  readonly id: string;
  /** The batch still has the document. False: it is lost, and another run or batch may have it. */
  readonly held: boolean;
  /** The object's hash (`user_metadata.sha256`); null where it has none, and where there is no object. */
  readonly objectSha256: string | null;
}

/** A part of an enumeration, leased to one batch at a time. */
export interface Slice {
  readonly id: number;
  readonly source: string;
  readonly pass: number;
  /** What to enumerate. */
  readonly key: SliceKey;
  /** The next page to read, and its round; both from 1. */
  readonly page: number;
  readonly round: number;
  /** Failures since the last page that was registered. */
  readonly attempts: number;
}

/** What a slice lists. */
export type SliceKey =
  /** All that its source has. */
  | { readonly kind: 'source' }
  /** The table of contents of one code (`LEGITEXT…`). */
  | { readonly kind: 'code'; readonly code: string }
  /** What is dated within these days, `YYYY-MM-DD`, both included. */
  | { readonly kind: 'window'; readonly from: string; readonly to: string }
  /** What no window of days shows: documents without a date, or with an impossible one. */
  | { readonly kind: 'undated' };

/** One page of a slice. */
export interface SlicePage {
  /** Of the slice, from 1. Chunks of a table of contents count as pages. */
  readonly page: number;
  /** At most 10,000. */
  readonly documents: readonly { readonly id: string; readonly revision: string }[];
  readonly action: PageAction;
}

/** What follows a page. */
export type PageAction =
  /** The caller reads the next page, and its lease begins anew. */
  | 'continue'
  /** The slice is given back: any batch may read the next page. */
  | 'release'
  /**
   * The page ended a round of a search. The slice is complete if this round listed the same ids as
   * the one before; otherwise the next round begins. Either way it is given back.
   */
  | 'round'
  /** The listing is one answer, and this was its last page: the slice is complete. */
  | 'whole';

/** What became of a page. */
export interface RegisteredPage {
  /**
   * `lost`: nothing was written. The batch does not have the slice any more, or the pages before
   * were lost in a crash of PostgreSQL, and the round starts again at page 1. The caller stops; the
   * slice is leased again.
   */
  readonly outcome: 'open' | 'complete' | 'lost';
  /** Ids that were new to the catalogue. */
  readonly discovered: number;
}

/** Where a collection's pass stands. */
export interface PassState {
  readonly pass: number;
  /** Nothing is left to enumerate or to collect, until the next pass. */
  readonly complete: boolean;
  /** Slices still to enumerate. */
  readonly openSlices: number;
  /** Documents due now that no batch has; counting stops at 1,000. */
  readonly due: number;
  /** In how many seconds there may be something to do again, for a lane that found nothing. */
  readonly waitSeconds: number;
}

/** Where MAINTENANCE continues in a source. */
export interface MaintenanceCursor {
  readonly page: number;
  /** Hits a page; another size makes another page number. */
  readonly size: number;
  /** Sources with dates: the window in progress. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Counts of a collection for people, by state of the catalogue. */
export interface CatalogueCounts {
  readonly pass: number;
  readonly passComplete: boolean;
  readonly documents: Readonly<Record<string, number>>;
  readonly openSlices: number;
  readonly parkedSliceCount: number;
  /** The first twenty. */
  readonly parkedSlices: readonly {
    readonly source: string;
    readonly key: SliceKey;
    readonly code: string;
    readonly message: string;
  }[];
  readonly failures: Readonly<Record<string, number>>;
}

/** The catalogue and the queue, behind RPC functions. Each call is one transaction and may be repeated. */
export interface Catalogue {
  /** The pass in progress; begins the next one when its time has come (database clock). */
  openPass(collection: string, sources: readonly string[], intervalSeconds: number): Promise<PassState>;
  /**
   * Leases an open slice to this batch, for `leaseSeconds` (1 to 86,400): the one that it has, or a
   * free one. Null: other batches have all of them, or they wait after a failure. The next five
   * calls change nothing once the batch has lost the slice.
   */
  leaseSlice(batch: BatchRef, pass: number, leaseSeconds: number): Promise<Slice | null>;
  /** Replaces a slice by 1 to 1,000 finer ones. */
  splitSlice(batch: BatchRef, slice: Slice, keys: readonly SliceKey[]): Promise<void>;
  /**
   * Writes a page into the catalogue and moves the slice. A lease that begins anew is of
   * `leaseSeconds`.
   */
  registerSlice(
    batch: BatchRef,
    slice: Slice,
    page: SlicePage,
    leaseSeconds: number,
    policy: AdoptPolicy,
  ): Promise<RegisteredPage>;
  /** Gives a slice back as it is. */
  releaseSlice(batch: BatchRef, slice: Slice): Promise<void>;
  /**
   * Gives a slice back after a failure; it is due again in `retrySeconds`. `slice.attempts`
   * excludes this failure.
   */
  failSlice(batch: BatchRef, slice: Slice, failure: SliceFailure, retrySeconds: number): Promise<void>;
  /**
   * Gives a slice up until the next pass, with the reason. `slice.attempts` excludes this failure.
   */
  parkSlice(batch: BatchRef, slice: Slice, failure: SliceFailure): Promise<void>;
  /**
   * The documents of this batch: those that it holds, and due ones taken for it, up to `limit` (1
   * to 1,000) in all.
   */
  takeDocuments(batch: BatchRef, limit: number): Promise<readonly string[]>;
  /**
   * MAINTENANCE: writes listed documents (at most 1,000), takes those to look at again for this
   * batch, and moves the cursor.
   */
  takeListed(
    batch: BatchRef,
    source: string,
    documents: readonly { readonly id: string; readonly revision: string }[],
    cursor: MaintenanceCursor,
    policy: AdoptPolicy,
  ): Promise<{ readonly discovered: number }>;
  maintenanceCursor(collection: string, source: string): Promise<MaintenanceCursor | null>;
  /**
   * Which of these documents (at most 1,000) the batch still holds, and what Storage has for them.
   */
  describe(batch: BatchRef, ids: readonly string[]): Promise<readonly BatchDocument[]>;
  /**
   * Queue rows and catalogue states of a batch, in one transaction; the batch holds nothing after
   * it.
   */
  enqueue(
    batch: BatchRef,
    stored: readonly string[],
    failures: readonly DocumentFailure[],
  ): Promise<EnqueueResult>;
  /** What an operator last set; null where nobody did. */
  controls(collection: string): Promise<Controls | null>;
  saveControls(collection: string, controls: Controls): Promise<void>;
  counts(collection: string): Promise<CatalogueCounts>;
}

/** Why a slice failed: a code of the taxonomy, and a text without secrets. */
export interface SliceFailure {
  readonly code: string;
  readonly message: string;
}

/** What to do with files that were there before legisync: `trust` leaves them alone, `refresh` collects them anew. */
export type AdoptPolicy = 'trust' | 'refresh';
