import type { BatchRef, Controls, DocumentFailure, EnqueueResult } from '../contract/messages.ts';

/**
 * What the rest of legisync asks of Supabase. Both ports throw `LegisyncError` (`STORAGE_*`, `DATABASE_*`,
 * `SCHEMA_MISSING`, `QUEUE_INCOMPATIBLE`, `DOCUMENT_REFUSED`).
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

/** What Storage holds for one document. */
export interface DocumentStanding {
  readonly id: string;
  /** The object's hash (`user_metadata.sha256`); null where it has none, and where there is no object. */
  readonly objectSha256: string | null;
}

/** A piece of an enumeration, held by one batch at a time. */
export interface Slice {
  readonly id: number;
  readonly source: string;
  readonly pass: number;
  /** What to enumerate; `{}` for a whole source. */
  readonly key: SliceKey;
  /** Where to go on: the next page (from 1) and the round (from 1). */
  readonly page: number;
  readonly round: number;
  readonly attempts: number;
  /** Who claimed it. Calls that move the slice change nothing once it is in other hands. */
  readonly holder: string;
}

/** Key of a slice: a code, or a window of days. */
export interface SliceKey {
  readonly code?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Where a collection's pass stands. */
export interface PassState {
  readonly pass: number;
  /** Nothing is left to enumerate or to collect, until the next pass. */
  readonly complete: boolean;
  /** Slices still to enumerate. */
  readonly openSlices: number;
  /** Documents due now and claimed by no batch; counting stops at 1,000. */
  readonly due: number;
  /** In how many seconds there may be something to do again, for a lane that found nothing. */
  readonly waitSeconds: number;
}

/** Where MAINTENANCE goes on in a source. */
export interface MaintenanceCursor {
  readonly page: number;
  /** Hits a page; another size makes another page number. */
  readonly size: number;
  /** Sources with dates: the window in work. */
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
  /** The pass in work; begins the next one when its time has come (database clock). */
  openPass(collection: string, sources: readonly string[], intervalSeconds: number): Promise<PassState>;
  /** An open slice for this batch, or null where others hold them all. */
  claimSlice(batch: BatchRef, pass: number, leaseSeconds: number): Promise<Slice | null>;
  /** Replaces a slice by finer ones. */
  splitSlice(slice: Slice, keys: readonly SliceKey[]): Promise<void>;
  /**
   * Writes listed documents into the catalogue and moves the slice: to the next page (`release` gives it to whoever
   * comes next, else the lease begins anew), or, with `end`, to the end of its round. `single` slices (one atomic
   * answer) are complete then; others when two rounds gave the same ids. To a caller who lost the slice to another it
   * says "complete" and changes nothing.
   */
  registerSlice(
    slice: Slice,
    documents: readonly { readonly id: string; readonly revision: string }[],
    step: {
      readonly page: number;
      readonly end: boolean;
      readonly single: boolean;
      readonly release: boolean;
    },
    policy: AdoptPolicy,
  ): Promise<{ readonly discovered: number; readonly complete: boolean }>;
  /** Gives a slice back, to be tried again later, or parks it for good. */
  failSlice(
    slice: Slice,
    failure: { readonly code: string; readonly message: string; readonly retrySeconds: number | null },
  ): Promise<void>;
  /** The documents of this batch: those that it holds, and due ones claimed for it, up to `limit` in all. */
  takeDocuments(batch: BatchRef, limit: number): Promise<readonly string[]>;
  /** MAINTENANCE: writes listed documents, claims those to look at again for this batch, and moves the cursor. */
  takeListed(
    batch: BatchRef,
    source: string,
    documents: readonly { readonly id: string; readonly revision: string }[],
    cursor: MaintenanceCursor,
    policy: AdoptPolicy,
  ): Promise<{ readonly discovered: number }>;
  maintenanceCursor(collection: string, source: string): Promise<MaintenanceCursor | null>;
  /** What Storage holds for these documents. */
  describe(collection: string, ids: readonly string[]): Promise<readonly DocumentStanding[]>;
  /** Queue rows and catalogue states of a batch, in one transaction; ends the batch's claims. */
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

/** What to do with files that were there before legisync: `trust` leaves them alone, `refresh` collects them anew. */
export type AdoptPolicy = 'trust' | 'refresh';

/** What an installation's Workers write into `files_queue.status`. */
export interface StatusWords {
  /** Words that mean "finished", "a Worker is at it", and, of the first, "given up". */
  readonly statusDone: readonly string[];
  readonly statusInWork: readonly string[];
  readonly statusFailed: readonly string[];
}
