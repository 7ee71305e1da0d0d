import type { CollectionState } from './names.ts';

/**
 * What workflows, activities and clients say to each other. Only ids and counts pass through Temporal: documents go
 * from the API to Storage inside one activity. A payload stays far below 50 KB (100 ids are 2.3 KB).
 */

/** A batch never holds more documents: about 20 s of work at 20 requests a second for one lane alone. */
export const MAX_BATCH = 100;

/** Bounds of the number of lanes (batches in progress at a time) of a MASSIVE collection. */
export const LANES = { min: 1, max: 16, default: 4 } as const;

/**
 * Names a batch. The same value always stands for the same documents: an activity that is tried
 * again (its answer was lost, its worker was killed) gets the batch that it had.
 */
export interface BatchRef {
  /** The collection, which is also the category. */
  readonly collection: string;
  /** Id of the workflow that works on the batch. */
  readonly workflow: string;
  /**
   * Id of the run. What another run of the same workflow holds is free for this one: that run has
   * ended, was terminated, or was reset.
   */
  readonly run: string;
  /** Number of the batch within the workflow, from 1. */
  readonly sequence: number;
}

/** Input of `fetchDocuments`. */
export interface FetchInput {
  readonly batch: BatchRef;
  /** At most this many ids, 1 to {@link MAX_BATCH}. */
  readonly limit: number;
  /** MASSIVE works through passes; MAINTENANCE looks again at what is fresh. */
  readonly mode: 'massive' | 'maintenance';
  /** MAINTENANCE: only these sources of the collection. */
  readonly sources?: readonly string[] | undefined;
}

/** Result of `fetchDocuments`. */
export interface FetchResult {
  /** The documents that need work; empty where there is nothing to do now. */
  readonly ids: readonly string[];
  /** With no ids: in how many milliseconds there may be work again. */
  readonly waitMs?: number | undefined;
  /** Why there are no ids, or no more of them. `enumerating`: another lane is listing; `quota`: the hour or day is spent; `pass`: all is done. */
  readonly reason?: 'enumerating' | 'quota' | 'pass' | undefined;
  /** MAINTENANCE: what kept a source from being read. */
  readonly problem?: string | undefined;
  /** Ids that this call was the first to see. */
  readonly discovered: number;
  /** The pass in progress (MASSIVE). */
  readonly pass?: number | undefined;
}

/** Input of `uploadDocuments`. */
export interface UploadInput {
  readonly batch: BatchRef;
  /** MAINTENANCE goes first where both wait for the API. */
  readonly mode: 'massive' | 'maintenance';
  readonly ids: readonly string[];
}

/** A document that could not be had, with the code and text that the catalogue keeps. */
export interface DocumentFailure {
  readonly id: string;
  readonly code: string;
  readonly message: string;
}

/** Result of `uploadDocuments`. Each id of the input is in exactly one of the five lists. */
export interface UploadResult {
  /** Consulted, and uploaded because the object was absent or had another hash. */
  readonly uploaded: readonly string[];
  /** Consulted, and the object already had this hash. */
  readonly unchanged: readonly string[];
  readonly failures: readonly DocumentFailure[];
  /** Not reached: the worker is stopping, the run was cancelled, the quota is spent, or the service is in trouble. */
  readonly left: readonly string[];
  /**
   * Not consulted: the batch does not hold them any more, so another run or batch may be working on
   * them.
   */
  readonly lost: readonly string[];
  /** Set when the quota is spent or the service is in trouble: in how many milliseconds it is worth another try. */
  readonly waitMs?: number | undefined;
  /** Set when the service is in trouble: what it said. */
  readonly problem?: string | undefined;
  /** Bytes received from Légifrance for `uploaded` and `unchanged`. */
  readonly bytes: number;
}

/** Input of `enqueueDocuments`. */
export interface EnqueueInput {
  readonly batch: BatchRef;
  /** Ids whose object is in Storage, as far as the upload knows; the database checks each. */
  readonly stored: readonly string[];
  readonly failures: readonly DocumentFailure[];
}

/** Result of `enqueueDocuments`: counts of documents. */
export interface EnqueueResult {
  /** New rows of `files_queue`. */
  readonly queued: number;
  /** Rows that turned back to pending (or will, when their Worker finishes) because the content is new. */
  readonly requeued: number;
  /** Rows that already stood for this content. */
  readonly unchanged: number;
  /** Rows that another bucket holds under the same path: never touched. */
  readonly heldByOtherBucket: number;
  /** Ids said to be stored whose object is not there: back in the catalogue, to be taken again. */
  readonly missing: readonly string[];
  /**
   * Ids of the call that the batch does not hold any more and that are still to be collected: the
   * catalogue is unchanged, and they are taken again. Rows for their objects are written all the
   * same.
   */
  readonly lost: readonly string[];
}

/** What an operator set, kept in Postgres so that it outlives Temporal's own database. */
export interface Controls {
  readonly paused: boolean;
  /** Number of lanes, within {@link LANES}. */
  readonly lanes: number;
}

/** Totals of a MASSIVE collection since it was started, over all continue-as-news. */
export interface Totals {
  readonly batches: number;
  readonly discovered: number;
  readonly uploaded: number;
  readonly unchanged: number;
  readonly queued: number;
  readonly requeued: number;
  readonly failed: number;
  readonly bytes: number;
}

export const NO_TOTALS: Totals = {
  batches: 0,
  discovered: 0,
  uploaded: 0,
  unchanged: 0,
  queued: 0,
  requeued: 0,
  failed: 0,
  bytes: 0,
};

/** Input of `collectMassive`. A client gives the collection and the controls; the rest is what continue-as-new carries. */
export interface MassiveInput {
  readonly collection: string;
  readonly controls: Controls;
  readonly pauseReason?: string | undefined;
  readonly totals?: Totals | undefined;
  readonly pass?: number | undefined;
  readonly sequence?: number | undefined;
  readonly runs?: number | undefined;
  /** Continue as new at this many events, before the server's own hint. */
  readonly maxEvents?: number | undefined;
}

/** Answer of the `progress` query, and of each Update. */
export interface MassiveProgress {
  readonly collection: string;
  readonly state: CollectionState;
  readonly controls: Controls;
  readonly pass: number;
  /** Lanes that are working now. */
  readonly busy: number;
  readonly totals: Totals;
  /** Runs of the chain so far: 1 + the number of continue-as-news. */
  readonly runs: number;
}

/** Input of `collectMaintenance`. */
export interface MaintenanceInput {
  readonly collection: string;
  readonly sources?: readonly string[] | undefined;
  /** At most this many documents in this run. */
  readonly limit: number;
}

/** Result of `collectMaintenance`. */
export interface MaintenanceResult {
  readonly collection: string;
  readonly totals: Totals;
  /** True where the run ended early because the quota was spent. */
  readonly quotaSpent: boolean;
  /** Set where the run ended early because the service was in trouble: what it said. The rest stays due. */
  readonly problem?: string | undefined;
}
