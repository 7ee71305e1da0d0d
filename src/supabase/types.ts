import type { BatchRef, Controls, DocumentFailure, EnqueueResult } from '../contract/collecting.ts';

/**
 * What legisync needs of Supabase. Both interfaces throw `LegisyncError` (`STORAGE_*`,
 * `DATABASE_*`, `SCHEMA_MISSING`, `QUEUE_INCOMPATIBLE`, `DOCUMENT_REFUSED`).
 */

/** Files of the bucket. */
export interface Storage {
  /** Creates the bucket, private, if it does not exist. Returns whether it was created. */
  ensureBucket(): Promise<boolean>;
  /**
   * Writes `body` to `path`. The object's user metadata gets the content hash `sha256`, and
   * `fileSha256`, the SHA-256 of the bytes. Replaces an existing object. May be repeated.
   */
  upload(path: string, body: Buffer, sha256: string): Promise<void>;
}

/** What is known about one document of a batch. */
export interface BatchDocument {
  readonly id: string;
  /** The batch still holds the document. False: another run or batch may hold it. */
  readonly held: boolean;
  /** The object's hash (`user_metadata.sha256`); null: no hash or no object. */
  readonly objectSha256: string | null;
}

/** A part of a pass, leased to one batch at a time. */
export interface Slice {
  readonly id: number;
  readonly source: string;
  readonly pass: number;
  /** What it lists. */
  readonly key: SliceKey;
  /** The next page to read, and its round; both from 1. */
  readonly page: number;
  readonly round: number;
  /** Failures since the last page that was registered. */
  readonly attempts: number;
}

/** What a slice lists. */
export type SliceKey =
  /** The whole source. */
  | { readonly kind: 'source' }
  /** The table of contents of one code (`LEGITEXT…`). */
  | { readonly kind: 'code'; readonly code: string }
  /** Documents with a date from `from` to `to`, `YYYY-MM-DD`, both included. */
  | { readonly kind: 'window'; readonly from: string; readonly to: string }
  /** Documents that no window lists: without a date, or with an impossible one. */
  | { readonly kind: 'undated' };

/** One page of a slice. */
export interface SlicePage {
  /** Number of the page within the slice, from 1. Chunks of a table of contents count as pages. */
  readonly page: number;
  /** At most 10,000. */
  readonly documents: readonly { readonly id: string; readonly revision: string }[];
  readonly action: PageAction;
}

/** What happens after a page. */
export type PageAction =
  /** The caller reads the next page, and its lease is renewed. */
  | 'continue'
  /** The slice is released: any batch may read the next page. */
  | 'release'
  /**
   * The page ended a round of a search. The slice is complete if this round listed the same ids as
   * the previous one; otherwise the next round begins. In both cases the slice is released.
   */
  | 'round'
  /** The listing is a single answer, and this was its last page: the slice is complete. */
  | 'whole';

/** The result for a page. */
export interface RegisteredPage {
  /**
   * `lost`: nothing was written, and the caller must stop. Either the batch does not hold the slice
   * any more. Or a crash of PostgreSQL has lost the earlier pages, and the round starts again at
   * page 1 with the next lease.
   */
  readonly outcome: 'open' | 'complete' | 'lost';
  /** Ids that are new in the catalogue. */
  readonly discovered: number;
}

/** State of a collection's pass. */
export interface PassState {
  readonly pass: number;
  /** Nothing is left to enumerate or to collect until the next pass. */
  readonly complete: boolean;
  /** Slices still to enumerate. */
  readonly openSlices: number;
  /** Documents that are due now and in no batch. Counting stops at 1,000. */
  readonly due: number;
  /** After how many seconds a lane that found nothing should ask again. */
  readonly waitSeconds: number;
}

/** Where MAINTENANCE continues in a source. */
export interface MaintenanceCursor {
  readonly page: number;
  /** Results per page. With another size the page number must be converted. */
  readonly size: number;
  /** The window in progress, for sources with dates. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Counts of a collection, by the states of the catalogue. For people. */
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
  /**
   * Unavailable documents of each source and code of law (`code` is '' for documents of a search),
   * the most first, at most twenty.
   */
  readonly unavailable: readonly { readonly source: string; readonly code: string; readonly count: number }[];
}

/**
 * The catalogue and the queue, through RPC functions. Each call is one transaction and may be
 * repeated.
 */
export interface Catalogue {
  /** Returns the pass in progress. Begins the next one when it is due by the database's clock. */
  openPass(collection: string, sources: readonly string[], intervalSeconds: number): Promise<PassState>;
  /**
   * Leases an open slice to this batch for `leaseSeconds` (1 to 86,400): the slice that it already
   * holds, or else a free one. Null: other batches hold all of them, or they wait after a failure.
   * The next five methods change nothing if the batch has lost the slice.
   */
  leaseSlice(batch: BatchRef, pass: number, leaseSeconds: number): Promise<Slice | null>;
  /** Replaces a slice by 1 to 1,000 finer ones. */
  splitSlice(batch: BatchRef, slice: Slice, keys: readonly SliceKey[]): Promise<void>;
  /**
   * Writes a page into the catalogue and moves the slice. `leaseSeconds` is the length of a renewed
   * lease.
   */
  registerSlice(
    batch: BatchRef,
    slice: Slice,
    page: SlicePage,
    leaseSeconds: number,
    policy: AdoptPolicy,
  ): Promise<RegisteredPage>;
  /** Releases a slice without changing it. */
  releaseSlice(batch: BatchRef, slice: Slice): Promise<void>;
  /**
   * Releases a slice after a failure. It is due again in `retrySeconds`. `slice.attempts` does not
   * include this failure.
   */
  failSlice(batch: BatchRef, slice: Slice, failure: SliceFailure, retrySeconds: number): Promise<void>;
  /**
   * Parks a slice until the next pass, with the reason. `slice.attempts` does not include this
   * failure.
   */
  parkSlice(batch: BatchRef, slice: Slice, failure: SliceFailure): Promise<void>;
  /**
   * Returns the documents of this batch: those that it already holds, and due ones, which it takes.
   * Up to `limit` (1 to 1,000) in all.
   */
  takeDocuments(batch: BatchRef, limit: number): Promise<readonly string[]>;
  /**
   * MAINTENANCE: writes listed documents (at most 1,000), takes those to re-check into this batch,
   * and moves the cursor.
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
   * Which of these documents (at most 1,000) the batch still holds, and their hashes in Storage.
   */
  describe(batch: BatchRef, ids: readonly string[]): Promise<readonly BatchDocument[]>;
  /** Writes queue rows and catalogue states, and ends the batch, in one transaction. */
  enqueue(
    batch: BatchRef,
    stored: readonly string[],
    failures: readonly DocumentFailure[],
  ): Promise<EnqueueResult>;
  /** What an operator last set; null: nothing was set. */
  controls(collection: string): Promise<Controls | null>;
  saveControls(collection: string, controls: Controls): Promise<void>;
  counts(collection: string): Promise<CatalogueCounts>;
}

/** Why a slice failed: a failure code, and a text without secrets. */
export interface SliceFailure {
  readonly code: string;
  readonly message: string;
}

/** What to do with pre-existing files: `trust` keeps them, `refresh` collects them again. */
export type AdoptPolicy = 'trust' | 'refresh';
