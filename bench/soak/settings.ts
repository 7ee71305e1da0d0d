import type { Collection } from '../../src/contract/collections.ts';
import type { LawCode } from './changes.ts';
import { GRACE_SECONDS } from './settle.ts';

/** The only collection: MASSIVE and MAINTENANCE compete for its documents. */
export const COLLECTION = 'soak';
/** The smallest code: 474 articles. */
export const CODE: LawCode = 'LEGITEXT000031366350';
export const DECISIONS = 1_000;

export const COLLECTIONS: readonly Collection[] = [
  {
    name: COLLECTION,
    sources: [
      { kind: 'codes', name: 'code', codes: [CODE] },
      { kind: 'search', name: 'decisions', fond: 'CETAT', query: '*' },
    ],
  },
];

/** Twice the real quota. Two cores cannot use much more besides the load. */
export const RATE = 40;

export const SETTINGS = {
  LEGISYNC_MASSIVE: COLLECTION,
  LEGISYNC_MAINTENANCE: COLLECTION,
  // Runs are triggered instead. A cron line cannot be below a minute.
  LEGISYNC_MAINTENANCE_CRON: '0 0 1 1 *',
  LEGISYNC_COHERENCE_CRON: '0 0 1 1 *',
  // All decisions of the last ten years, so that MAINTENANCE and MASSIVE compete for documents.
  LEGISYNC_MAINTENANCE_SINCE_DAYS: '3650',
  LEGISYNC_MAINTENANCE_LIMIT: '30',
  LEGISYNC_PASS_INTERVAL_SECONDS: '3',
  LEGISYNC_BACKFILL_CHUNK: '1000',
  LEGISYNC_GRACE_SECONDS: String(GRACE_SECONDS),
  // No file is given up, so every row must be processed in the end.
  LEGISYNC_CLAIM_ATTEMPTS: '100',
} as const;

export const WORKERS = 3;

export const EVERY_MS = {
  progress: 30_000,
  sample: 5_000,
  changes: 5_000,
  maintenance: 4_000,
  coherence: 10_000,
  coherenceCommand: 40_000,
  backfill: 8_000,
} as const;

/** The decisions of each arrival have their own day, from 2025 on: more arrivals would be in the future. */
export const ARRIVALS = 600;

/** A call of a Worker waits at most this long for an answer. */
export const WORKER_CALL_MS = 10_000;
