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
  /**
   * A {@link CollectionState}, {@link BackfillState} or {@link CoherenceState}; `completed` after a
   * run of MAINTENANCE.
   */
  LegisyncState: 'Keyword',
} as const;

/** State of a collection, as shown in `LegisyncState` and by the Query `progress`. */
export type CollectionState = 'collecting' | 'waiting' | 'paused' | 'quota' | 'stopping';

/** State of a backfill. */
export type BackfillState = 'backfilling' | 'paused' | 'completed' | 'stopped' | 'failed';

/** State of a coherence check. The last two are its verdict. */
export type CoherenceState = 'checking' | 'counted' | 'coherent' | 'desynchronised';

/** Updates and Query of `collectMassive`. A backfill has `pause`, `resume` and `progress`. */
export const UPDATES = {
  pause: 'pause',
  resume: 'resume',
  setLanes: 'setLanes',
  stop: 'stop',
} as const;
export const QUERIES = { progress: 'progress' } as const;
