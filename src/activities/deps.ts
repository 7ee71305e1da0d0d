import type { Collection } from '../contract/collections.ts';
import type { Legifrance } from '../legifrance/types.ts';
import type { Backfill } from '../supabase/backfill.ts';
import type { Coherence } from '../supabase/coherence.ts';
import type { AdoptPolicy, Catalogue, Storage } from '../supabase/types.ts';

/** The external services and settings of the activities. Tests inject doubles and faults here. */
export interface ActivityDeps {
  readonly legifrance: Legifrance;
  readonly storage: Storage;
  readonly catalogue: Catalogue;
  readonly backfill: Backfill;
  readonly coherence: Coherence;
  /** By name. */
  readonly collections: ReadonlyMap<string, Collection>;
  readonly settings: ActivitySettings;
  /** Aborted when the worker stops: documents in progress are finished, no more are begun. */
  readonly draining: AbortSignal;
  /** The current time. Searches and tables of contents are requested for a day. */
  readonly now: () => Date;
  readonly log: Log;
}

export interface ActivitySettings {
  /** How many documents of a batch are consulted at a time, 1 to 50. */
  readonly consultConcurrency: number;
  /** From the end of one MASSIVE pass to the begin of the next. */
  readonly passIntervalSeconds: number;
  readonly adopt: AdoptPolicy;
  /** Hits on one page of a MAINTENANCE search, 1 to 100. */
  readonly maintenancePageSize: number;
  /** How far back the first MAINTENANCE run begins in a source with dates. */
  readonly maintenanceSinceDays: number;
}

/** Structured log with pino's order of parameters: fields first. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
