import type { CollectionState } from './names.ts';

/**
 * Inputs and results of the collecting workflows and activities. Only ids and counts pass through
 * Temporal: documents go from the API to Storage within one activity. A payload stays far below 50
 * KB (100 ids take 2.3 KB).
 */

/**
 * Identifies a batch. The same value always identifies the same documents: an activity that is
 * retried (its answer was lost, its worker was killed) gets the batch that it had.
 */
export interface BatchRef {
  /** Name of the collection. It is also the folder in the bucket. */
  readonly collection: string;
  /** Id of the workflow that works on the batch. */
  readonly workflow: string;
  /**
   * Id of the run. This run may take what another run of the same workflow holds: that run has
   * ended, was terminated, or was reset.
   */
  readonly run: string;
  /** Number of the batch within the workflow, from 1. */
  readonly sequence: number;
}

/** A failure of a service or a spent quota: why a batch ended early, or why there is none. */
export interface Problem {
  /** A failure code. */
  readonly code: string;
  readonly message: string;
  /** When it happened, by the worker's clock: ISO 8601. */
  readonly at: string;
}

/** Input of `fetchDocuments`. */
export interface FetchInput {
  /** The first batch. */
  readonly batch: BatchRef;
  /** Number of batches, 1 to `LANES.max`: the others have the next numbers. Default: 1. */
  readonly batches?: number | undefined;
  /** At most this many ids in each, 1 to `MAX_BATCH`. */
  readonly limit: number;
  /** MASSIVE works through passes. MAINTENANCE re-checks recent documents. */
  readonly mode: 'massive' | 'maintenance';
  /** MAINTENANCE: only these sources of the collection. */
  readonly sources?: readonly string[] | undefined;
}

/** Result of `fetchDocuments`. */
export interface FetchResult {
  /** The ids of each batch, none of them empty; no batches if there is nothing to do now. */
  readonly batches: readonly (readonly string[])[];
  /** If there are no ids: in how many milliseconds there may be some. */
  readonly waitMs?: number | undefined;
  /**
   * Why there are no ids, or no more of them. `enumerating`: the pass is not complete, but batches
   * in progress hold the rest, or it waits for a retry. `quota`: the quota of the hour or the day is
   * spent. `pass`: the pass is complete.
   */
  readonly reason?: 'enumerating' | 'quota' | 'pass' | undefined;
  /** Why there are no ids: the quota, or a slice that could not be listed. MAINTENANCE: a source. */
  readonly problem?: Problem | undefined;
  /** Ids that were new to the catalogue. */
  readonly discovered: number;
  /** The pass in progress (MASSIVE). */
  readonly pass?: number | undefined;
  /** What the pass had left to do before this fetch took batches (MASSIVE). */
  readonly backlog?: Backlog | undefined;
}

/** What a pass has left to do. */
export interface Backlog {
  /** Documents that are due and in no batch. Counted up to `MAX_DUE_COUNTED`: then there may be more. */
  readonly due: number;
  /** Slices that are not completely listed: they may have more documents. */
  readonly openSlices: number;
}

/** Input of `uploadDocuments`. */
export interface UploadInput {
  readonly batch: BatchRef;
  /** MAINTENANCE is served first if both wait for the API. */
  readonly mode: 'massive' | 'maintenance';
  readonly ids: readonly string[];
}

/** A document that could not be collected, with the failure that the catalogue records. */
export interface DocumentFailure {
  readonly id: string;
  readonly code: string;
  readonly message: string;
}

/** Result of `uploadDocuments`. Each id of the input is in exactly one of the five lists. */
export interface UploadResult {
  /** Consulted and uploaded: the object was absent or had another hash. */
  readonly uploaded: readonly string[];
  /** Consulted: the object already had this hash. */
  readonly unchanged: readonly string[];
  readonly failures: readonly DocumentFailure[];
  /**
   * Not reached: the worker is stopping, the run was cancelled, the quota is spent, or there is an
   * outage.
   */
  readonly left: readonly string[];
  /**
   * Not consulted: the batch does not hold them any more, so another run or batch may be processing
   * them.
   */
  readonly lost: readonly string[];
  /** Set if the quota is spent or there is an outage: in how many milliseconds to try again. */
  readonly waitMs?: number | undefined;
  /** Set with `waitMs`: the failure of the service, or `QUOTA_SPENT`. */
  readonly problem?: Problem | undefined;
  /** Bytes received from Légifrance for `uploaded` and `unchanged`. */
  readonly bytes: number;
  /** When the upload ended, by the worker's clock: ISO 8601. */
  readonly endedAt?: string | undefined;
}

/** Input of `enqueueDocuments`. */
export interface EnqueueInput {
  readonly batch: BatchRef;
  /** Ids whose object is in Storage, according to the upload. The database checks each. */
  readonly stored: readonly string[];
  readonly failures: readonly DocumentFailure[];
}

/** Result of `enqueueDocuments`: counts of documents. */
export interface EnqueueResult {
  /** New rows of `files_queue`. */
  readonly queued: number;
  /**
   * Rows that became pending again because the content is new, or will when their Worker finishes.
   */
  readonly requeued: number;
  /** Rows that already describe this content. */
  readonly unchanged: number;
  /** Paths that a row of another bucket holds: never changed. */
  readonly heldByOtherBucket: number;
  /** Ids of `stored` without an object. The catalogue has them due again. */
  readonly missing: readonly string[];
  /**
   * Ids of the call that the batch does not hold any more and that are still to be collected. Their
   * catalogue rows are unchanged, so they are taken again. Queue rows for their objects are written
   * nevertheless.
   */
  readonly lost: readonly string[];
}

/**
 * The operator's settings. They are saved to Postgres, so that they survive a loss of Temporal's
 * database.
 */
export interface Controls {
  readonly paused: boolean;
  /** Number of lanes, within `LANES`. */
  readonly lanes: number;
}

/** Totals of a MASSIVE collection since it was started, over all its runs. */
export interface Totals {
  readonly batches: number;
  readonly discovered: number;
  readonly uploaded: number;
  readonly unchanged: number;
  readonly queued: number;
  readonly requeued: number;
  /** Tries of a document that failed. Its later success takes nothing away. */
  readonly failedAttempts: number;
  readonly bytes: number;
}

export const NO_TOTALS: Totals = {
  batches: 0,
  discovered: 0,
  uploaded: 0,
  unchanged: 0,
  queued: 0,
  requeued: 0,
  failedAttempts: 0,
  bytes: 0,
};

/**
 * Input of `collectMassive`. A client gives the collection and the controls; continue-as-new the
 * rest.
 */
export interface MassiveInput {
  readonly collection: string;
  readonly controls: Controls;
  readonly pauseReason?: string | undefined;
  readonly totals?: Totals | undefined;
  readonly pass?: number | undefined;
  readonly sequence?: number | undefined;
  readonly runs?: number | undefined;
  readonly holdUp?: HoldUp | null | undefined;
  /** Continue as new at this many events, if the server does not suggest it before. */
  readonly maxEvents?: number | undefined;
}

/** The details of an activity's failure in the history. */
export interface FailureDetails {
  /** When it happened, by the worker's clock: ISO 8601. */
  readonly at: string;
  /** Set if a person has to act. */
  readonly remedy?: string;
}

/** A problem that holds up lanes. `at` is its last time. */
export interface HoldUp extends Problem {
  /** When it was first seen; the same code has held up lanes since then. ISO 8601. */
  readonly since: string;
  /** When the lane that met it last tries again. ISO 8601. */
  readonly nextTry: string;
}

/** Answer to the Query `progress` and to each Update. */
export interface MassiveProgress {
  readonly collection: string;
  readonly state: CollectionState;
  readonly controls: Controls;
  readonly pass: number;
  /** Lanes that process a batch now. */
  readonly busy: number;
  readonly totals: Totals;
  /**
   * Documents per second, over the last batches; null while the run is not collecting, and before it
   * has ended two batches.
   */
  readonly rate: number | null;
  /** As of the last fetch; null before the first one. */
  readonly backlog: Backlog | null;
  /**
   * How long what is due takes at this rate; null if the rate is not known. It takes longer if the
   * backlog is not completely known.
   */
  readonly secondsLeft: number | null;
  /** Runs of the workflow so far: 1, and 1 more for each continue-as-new. */
  readonly runs: number;
  /** The operator's reason; '' if there is none, or the collection is not paused. */
  readonly pauseReason: string;
  /**
   * What held up the last batch that ended early, until a batch succeeds; null: nothing. A failure
   * that an activity is being retried after is not here, but in the description of the workflow.
   */
  readonly holdUp: HoldUp | null;
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
  /** True if the run ended early because the quota was spent. */
  readonly quotaSpent: boolean;
  /** Set if the run ended early because of an outage: its failure. The rest stays due. */
  readonly problem?: Problem | undefined;
}
