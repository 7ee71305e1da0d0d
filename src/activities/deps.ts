import type { Collection } from '../contract/collections.ts';
import type { Legifrance } from '../legifrance/types.ts';
import type { Backfill } from '../supabase/backfill.ts';
import type { Coherence } from '../supabase/coherence.ts';
import type { AdoptPolicy, Catalogue, Storage } from '../supabase/types.ts';

/** What the activities need of the outside. Tests and faults come in here, through the front door. */
export interface ActivityDeps {
  readonly legifrance: Legifrance;
  readonly storage: Storage;
  readonly catalogue: Catalogue;
  readonly backfill: Backfill;
  readonly coherence: Coherence;
  /** Definitions by name. */
  readonly collections: ReadonlyMap<string, Collection>;
  readonly settings: ActivitySettings;
  /** Aborted when the worker is asked to stop: documents at hand are finished, the rest is handed back. */
  readonly draining: AbortSignal;
  /** The time of day; searches and tables of contents are asked for a day. */
  readonly now: () => Date;
  readonly log: Log;
}

export interface ActivitySettings {
  /** Documents consulted at a time within one batch, 1 to 50. */
  readonly consultConcurrency: number;
  /** From the end of one MASSIVE pass to the next. */
  readonly passIntervalSeconds: number;
  readonly adopt: AdoptPolicy;
  /** Hits a page of a MAINTENANCE search, 1 to 100. */
  readonly maintenancePageSize: number;
  /** How far back MAINTENANCE begins in a source with dates, the first time. */
  readonly maintenanceSinceDays: number;
}

/** Structured log; fields first, as pino has it. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
