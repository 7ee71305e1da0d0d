/** Names that workers, clients and operators share. A change here is a change of the public interface. */

/** Workflow types. */
export const WORKFLOWS = {
  massive: 'collectMassive',
  maintenance: 'collectMaintenance',
  backfill: 'backfillFilesQueue',
  coherence: 'checkCoherence',
} as const;

/** One MASSIVE collection runs at most once: its id says so. */
export const massiveWorkflowId = (collection: string): string => `massive:${collection}`;

/** A MAINTENANCE run started by hand. Runs of the schedule get the server's timestamp behind {@link maintenanceScheduleId}. */
export const maintenanceWorkflowId = (collection: string): string => `maintenance:${collection}:manual`;

/** The Temporal Schedule of a collection's MAINTENANCE. */
export const maintenanceScheduleId = (collection: string): string => `maintenance:${collection}`;

/** One backfill of a bucket runs at most: its id says so. */
export const backfillWorkflowId = (bucket: string): string => `backfill:${bucket}`;

/** A comparison of Storage and files_queue: the schedule, whose runs get the server's timestamp behind it. */
export const coherenceScheduleId = (bucket: string): string => `coherence:${bucket}`;

/** Custom search attributes, with their Temporal types. Plain text on the server: nothing secret goes here. */
export const SEARCH_ATTRIBUTES = {
  /** The collection's name. */
  LegisyncCollection: 'Keyword',
  /** A {@link CollectionState}, {@link BackfillState} or {@link CoherenceState}; `completed` after a run of MAINTENANCE. */
  LegisyncState: 'Keyword',
} as const;

/** What a collection is doing, as shown in `LegisyncState` and by the `progress` query. */
export type CollectionState = 'collecting' | 'waiting' | 'paused' | 'quota' | 'stopping';

/** The same of a backfill. */
export type BackfillState = 'backfilling' | 'paused' | 'completed' | 'stopped' | 'failed';

/** The same of a coherence check; the last two are its verdict. */
export type CoherenceState = 'checking' | 'counted' | 'coherent' | 'desynchronised';

/** Operator verbs of `collectMassive` (Updates) and its Query. */
export const UPDATES = {
  pause: 'pause',
  resume: 'resume',
  setConcurrency: 'setConcurrency',
  stop: 'stop',
} as const;
export const QUERIES = { progress: 'progress' } as const;

/**
 * Temporal priority keys (1 is served first): MAINTENANCE brings what is fresh, so it goes before MASSIVE when both
 * wait for an activity slot.
 */
export const PRIORITY = { maintenance: 1, coherence: 2, massive: 3, backfill: 5 } as const;
