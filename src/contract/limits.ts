/**
 * Sizes, bounds and orders that more than one layer depends on. `test/supabase/numbers.test.ts`
 * compares them with the bounds that the functions of `supabase/schemas` check.
 */

/**
 * A batch never holds more documents: about 20 s of work at 20 requests a second for one lane
 * alone. A larger batch would repeat more after a crash, and its payloads would pass 50 KB.
 */
export const MAX_BATCH = 100;

/** Bounds of the number of lanes (batches in progress at a time) of a MASSIVE collection. */
export const LANES = { min: 1, max: 16, default: 4 } as const;

/** Documents that one batch consults and uploads at a time. Each holds about 105 KB in memory. */
export const CONSULTS = { min: 1, max: 50, default: 10 } as const;

/**
 * Activities of one worker at a time: all lanes of two collections, MAINTENANCE, and room for the
 * short ones. Fewer would let MAINTENANCE wait for MASSIVE.
 */
export const MAX_ACTIVITIES = 40;

/** Hits of one search page: the API's own maximum. Fewer pages need fewer requests. */
export const MAX_PAGE_SIZE = 100;

/** Ids that one call registers: 2,000 take about 100 ms, far below the statement timeout. */
export const REGISTER_CHUNK = 2_000;

/**
 * Files that one chunk of a backfill reads: default and bounds of the setting. `smallest` is the
 * size at which halving ends: if 100 files time out, size is not the problem.
 */
export const CHUNK = { default: 100_000, min: 1_000, max: 1_000_000, smallest: 100 } as const;

/**
 * A pass that fills sizes updates at most this many rows in one chunk. They are locked until the
 * chunk ends, and Workers wait for them.
 */
export const MAX_SIZES_CHUNK = 10_000;

/** A bucket with more files is not queued in one transaction (`--all-at-once`). */
export const ALL_AT_ONCE_LIMIT = 100_000;

/** Examples that one command lists. */
export const EXAMPLES = { default: 20, max: 1_000 } as const;

/**
 * Rows that one transaction of a repair reads. It locks the rows that it changes, for a second at
 * most.
 */
export const REPAIR_CHUNK = { default: 10_000, max: 100_000 } as const;

/**
 * Temporal priority keys. 1 is served first. MAINTENANCE collects recent documents, so it precedes
 * MASSIVE when both wait for an activity slot. Queueing ends work that is almost done.
 */
export const PRIORITY = { enqueue: 1, maintenance: 1, coherence: 2, massive: 3, backfill: 5 } as const;

/**
 * Ranks of requests that wait for a connection to Légifrance. The lowest is served first. Listings
 * of MASSIVE precede its documents, because lanes without documents wait for listings. Documents of
 * MASSIVE add the age of their batch, so that the oldest batch is finished first.
 */
export const RANK = {
  maintenanceListing: 0,
  maintenanceDocument: 1,
  massiveListing: 2,
  massiveDocument: 3,
} as const;

/** Ranks up to this one may use the reserve of the quota. */
export const URGENT_RANK = RANK.maintenanceDocument;

/** Characters of a failure's message, in history and in the catalogue. */
export const MESSAGE_CHARACTERS = 500;

/**
 * Longest reason of a pause. The Web UI shows it in the details of the workflow, which hold 20 KB.
 */
export const MAX_REASON_CHARACTERS = 200;

/**
 * Documents that are due are counted up to this number, each time that batches are fetched:
 * `legisync.count_due`.
 */
export const MAX_DUE_COUNTED = 10_000;
