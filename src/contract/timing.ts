/**
 * Times that more than one layer depends on. Each comment says which failure the number prefers.
 *
 * The deadlines contain each other: a statement of the database ends before the HTTP request that
 * carries it, and a request ends before its activity. The inner one must end first, because only
 * the inner one knows the cause. `test/supabase/numbers.test.ts` compares these numbers with those
 * of `supabase/schemas`.
 */

/** A day, in seconds and in milliseconds. */
export const DAY_SECONDS = 86_400;
export const DAY_MS = DAY_SECONDS * 1_000;

/**
 * Heartbeats of an activity, in milliseconds. A killed worker is noticed after `timeoutMs`. A false
 * alarm repeats a whole batch, so the time-out tolerates a machine that is overloaded for ten
 * seconds.
 */
export const HEARTBEAT = {
  /** An activity reports this often. Shorter than the throttle, so that the throttle decides. */
  everyMs: 2_000,
  /** The worker sends at most one heartbeat in this time. Cancellation arrives with the answer. */
  throttleMs: 5_000,
  timeoutMs: 15_000,
} as const;

/**
 * The retries of every activity, in milliseconds: 1 s, 2 s, 4 s, … up to five minutes, without an
 * end. An external service may be down for days, and a collection must outlast that. Five minutes
 * is short enough to notice its return.
 */
export const BACKOFF = { firstMs: 1_000, factor: 2, lastMs: 300_000 } as const;

/**
 * No SQL function of the API runs longer: each has a `statement_timeout` of at most this. A longer
 * one would hold locks that Workers wait for.
 */
export const STATEMENT_MS = 30_000;

/** Deadline of an HTTP request to Supabase: a statement that is cancelled can still say why. */
export const SUPABASE_REQUEST_MS = 40_000;

/** Deadline of an HTTP request to Légifrance, from the first byte sent to the last one received. */
export const LEGIFRANCE_REQUEST_MS = 60_000;

/** Attempts of one request to Légifrance, before the activity's retries take over. */
export const LEGIFRANCE_ATTEMPTS = 3;

/**
 * A request to Légifrance waits up to this long for the quota or a `Retry-After`. For a longer
 * wait, the work is released: a waiting activity would keep a batch and a slot from others.
 */
export const MAX_WAIT_MS = 30_000;

/** Start-to-close time-outs of the activities, in milliseconds. */
export const ACTIVITY = {
  /**
   * Activities that talk to Légifrance. A batch of 100 waits for at most 1,600 places in the quota
   * (16 lanes), one second each while the API throttles. Not longer than the lease of a batch.
   */
  collectMs: 3_600_000,
  /** Activities of one request to the database. */
  requestMs: 60_000,
  /** Activities of up to two requests: opening a backfill counts the bucket's objects as well. */
  twoRequestsMs: 120_000,
} as const;

/**
 * Lease of a slice, renewed by each page. Longer than all attempts of a request, because
 * reading a listing twice costs requests. The slice of a lane that died can wait: the next attempt
 * of the same batch gets it at once.
 */
export const SLICE_LEASE_SECONDS = 300;

/**
 * A slice that fails is tried again after 5 s, 10 s, 20 s, … up to five minutes. After 12 failures
 * in a row, about half an hour, it is parked until the next pass: one broken slice must not keep a
 * pass open.
 */
export const SLICE_RETRY = { attempts: 12, firstSeconds: 5, lastSeconds: 300 } as const;

/** A lane waits this long after an outage cut its batch short. Most outages are over by then. */
export const SHORT_OUTAGE_MS = 10_000;

/**
 * The longest `Retry-After` that is obeyed: a mistaken header must not stop a collection for days.
 */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * Grace time, in seconds: a younger file without a row, or row without a file, counts as "in
 * flight", not as a difference. Above a day a lost file would stay unnoticed for too long.
 */
export const GRACE_SECONDS = { default: 900, min: 0, max: DAY_SECONDS } as const;

/**
 * Heartbeats of a worker process to the server, which show who is alive. Not those of activities.
 * A worker is taken for dead after `lostMs`: shorter hides one whose clock or network is slow;
 * longer keeps a killed one alive on the screen.
 */
export const WORKER_HEARTBEAT = { everyMs: 10_000, lostMs: 30_000 } as const;

/**
 * How often a worker ends expired claims. Shorter costs queries. Longer delays the next attempt at a
 * file if no Worker claims files.
 */
export const CLAIM_EXPIRY_MS = 60_000;

/**
 * What happens after the grace time of a stopping worker, in seconds. Activities are cancelled at its
 * end. Uploads are not interrupted then, because their consults have cost requests: they are aborted
 * `abortSeconds` later. After `forceSeconds`, the SDK gives up waiting. An orchestrator that kills
 * earlier makes the next worker repeat work.
 */
export const SHUTDOWN = { abortSeconds: 2, forceSeconds: 10 } as const;
