/**
 * Names that workers, clients and operators share. To change one is to change the public interface.
 */

/** Workflow types. */
export const WORKFLOWS = {
  massive: 'collectMassive',
  maintenance: 'collectMaintenance',
  backfill: 'backfillFilesQueue',
  coherence: 'checkCoherence',
} as const;

/** Workflow id of a MASSIVE collection. It allows one at a time. */
export const massiveWorkflowId = (collection: string): string => `massive:${collection}`;

/**
 * Workflow id of a MAINTENANCE run that an operator started. A run of the schedule has the id
 * {@link maintenanceScheduleId}, followed by the server's timestamp.
 */
export const maintenanceWorkflowId = (collection: string): string => `maintenance:${collection}:manual`;

/** Id of the Temporal Schedule for MAINTENANCE of a collection. */
export const maintenanceScheduleId = (collection: string): string => `maintenance:${collection}`;

/** Workflow id of a backfill. It allows one at a time for each bucket. */
export const backfillWorkflowId = (bucket: string): string => `backfill:${bucket}`;

/**
 * Id of the Temporal Schedule that compares Storage and files_queue. The workflow id of a run is
 * this id, followed by the server's timestamp.
 */
export const coherenceScheduleId = (bucket: string): string => `coherence:${bucket}`;

/**
 * Custom search attributes, with their Temporal types. The server stores them unencrypted: no
 * secrets.
 */
export const SEARCH_ATTRIBUTES = {
  /** The collection's name. */
  LegisyncCollection: 'Keyword',
  /** A {@link WorkflowState}. It keeps its last value after the workflow has ended. */
  LegisyncState: 'Keyword',
} as const;

/**
 * How a run ended that did not do what it was started for. `continued`: another run continues it. A
 * terminated one cannot say so.
 */
export type EndState = 'stopped' | 'failed' | 'continued';

/**
 * State of a MASSIVE collection, as shown in `LegisyncState` and by the Query `progress`. A state
 * must not read well while nothing is collected, so `quota` and `failing` last until a batch succeeds.
 */
export type CollectionState =
  /** At least one lane is busy. */
  | 'collecting'
  /** There is nothing to collect now. */
  | 'waiting'
  /** The quota of the hour or the day is spent. */
  | 'quota'
  /** The last batch that ended was cut short by a failure. */
  | 'failing'
  /** Paused, but batches are still in progress. */
  | 'pausing'
  | 'paused'
  /** Stopped or cancelled, but batches are still in progress. */
  | 'stopping'
  | EndState;

/** State of a MAINTENANCE run. `incomplete`: a failure or a spent quota ended it early. */
export type MaintenanceState = 'collecting' | 'completed' | 'incomplete' | EndState;

/**
 * State of a backfill. `failing`: the database cancels even the smallest chunk. `pausing`: a chunk is
 * still in progress.
 */
export type BackfillState = 'backfilling' | 'failing' | 'pausing' | 'paused' | 'completed' | EndState;

/** State of a coherence check. `counted`, `coherent` and `desynchronised` are its verdict. */
export type CoherenceState = 'checking' | 'counted' | 'coherent' | 'desynchronised' | EndState;

/** A value of `LegisyncState`. */
export type WorkflowState = CollectionState | MaintenanceState | BackfillState | CoherenceState;

/** Updates and Query of `collectMassive`. A backfill has `pause`, `resume` and `progress`. */
export const UPDATES = {
  pause: 'pause',
  resume: 'resume',
  setLanes: 'setLanes',
  stop: 'stop',
} as const;
export const QUERIES = { progress: 'progress' } as const;

/** Signals of `collectMassive`. They change no settings: operators send Updates, which are answered. */
export const SIGNALS = {
  /** Workers of a new build are current: a run that waits continues as new on them now. */
  newBuild: 'newBuild',
} as const;
