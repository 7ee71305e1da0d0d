/**
 * The failure taxonomy: every way in which the outside world can fail us, once.
 *
 * Each failure has a stable code. One function at each edge (`legifrance/failures.ts`, `supabase/failures.ts`)
 * maps an outside error to a {@link LegisyncError}; the activity interceptor turns that into a Temporal failure
 * of the same type, with the retry that stands here. Nothing else in the code base classifies errors.
 */

/** When to try again. Delays are in milliseconds. */
export type Retry =
  /** The activity's own policy: exponential, from one second up to five minutes, for as long as it takes. */
  | { readonly kind: 'backoff' }
  /** A person has to act: asking more often than this only fills the log. */
  | { readonly kind: 'every'; readonly ms: number }
  /** The same request can only give the same answer. */
  | { readonly kind: 'never' };

interface FailureRule {
  readonly retry: Retry;
  /** What the operator should do, in one sentence; empty where nothing is to be done unless it lasts. */
  readonly remedy: string;
}

const MINUTE_MS = 60_000;

/** The taxonomy, by code. */
export const FAILURES = {
  LEGIFRANCE_THROTTLED: {
    retry: { kind: 'backoff' },
    remedy:
      'Nothing, unless it lasts: then compare the LEGISYNC_QUOTA_* settings with the quotas shown in PISTE.',
  },
  LEGIFRANCE_UNAVAILABLE: {
    retry: { kind: 'backoff' },
    remedy: 'Nothing: the collection goes on by itself when Légifrance answers again.',
  },
  LEGIFRANCE_CREDENTIALS: {
    retry: { kind: 'every', ms: 5 * MINUTE_MS },
    remedy: 'Check PISTE_CLIENT_ID and PISTE_CLIENT_SECRET against the application at https://piste.gouv.fr.',
  },
  LEGIFRANCE_FORBIDDEN: {
    retry: { kind: 'every', ms: 15 * MINUTE_MS },
    remedy: 'Subscribe the PISTE application to the Légifrance API and accept its terms of use.',
  },
  LEGIFRANCE_REJECTED: {
    retry: { kind: 'never' },
    remedy:
      'This is a bug in the request: report it with the message; the slice is parked, the others go on.',
  },
  DOCUMENT_NOT_FOUND: {
    retry: { kind: 'never' },
    remedy: 'Nothing: it is asked for once more an hour later, then counted as withdrawn.',
  },
  DOCUMENT_MALFORMED: {
    retry: { kind: 'never' },
    remedy: 'Nothing: it is asked for again with a growing delay, and counted.',
  },
  DOCUMENT_REFUSED: {
    retry: { kind: 'never' },
    remedy:
      'If it is too large, raise the bucket’s file size limit (and the project’s); it is tried again once a day by itself.',
  },
  OBJECT_MISSING: {
    retry: { kind: 'never' },
    remedy: 'Find out who removes objects from the bucket; it is collected again, with a growing delay.',
  },
  STORAGE_BUSY: {
    retry: { kind: 'backoff' },
    remedy: 'Nothing, unless it lasts: then look at Supabase Storage.',
  },
  STORAGE_REFUSED: {
    retry: { kind: 'every', ms: 5 * MINUTE_MS },
    remedy:
      'Check SUPABASE_SERVICE_ROLE_KEY, and that the bucket exists (`legisync up` makes it) and allows application/json.',
  },
  DATABASE_BUSY: {
    retry: { kind: 'backoff' },
    remedy: 'Nothing, unless it lasts: then look at the database.',
  },
  DATABASE_TIMEOUT: {
    retry: { kind: 'backoff' },
    remedy: 'Nothing, unless it lasts: then look for locks and load.',
  },
  SCHEMA_MISSING: {
    retry: { kind: 'every', ms: 5 * MINUTE_MS },
    remedy: 'Run `legisync migrate`, or `supabase db push`.',
  },
  DATABASE_REFUSED: {
    retry: { kind: 'every', ms: 5 * MINUTE_MS },
    remedy:
      'Check that SUPABASE_SERVICE_ROLE_KEY is the service key of this project, and that SUPABASE_DB_URL names the role `postgres` with its password; then run `legisync migrate`.',
  },
  QUEUE_INCOMPATIBLE: {
    retry: { kind: 'every', ms: 5 * MINUTE_MS },
    remedy:
      'Change public.files_queue so that it takes the row in the message (its columns, constraints, triggers); the work then goes on by itself.',
  },
  BACKFILL_REFUSED: {
    retry: { kind: 'never' },
    remedy: 'Follow the message: `legisync backfill status` shows the last run.',
  },
  ENUMERATION_UNSTABLE: {
    retry: { kind: 'never' },
    remedy: 'Nothing: the slice is enumerated again in the next pass.',
  },
  QUOTA_SPENT: {
    retry: { kind: 'backoff' },
    remedy: 'Nothing: the work goes on when the hour or the day has room again.',
  },
  CONFIG_INVALID: {
    retry: { kind: 'never' },
    remedy: 'Correct the settings named in the message; see .env.example.',
  },
  INTERNAL: {
    retry: { kind: 'backoff' },
    remedy: 'This is a bug: report it with the message and the stack.',
  },
} as const satisfies Record<string, FailureRule>;

export type FailureCode = keyof typeof FAILURES;

/** Options of {@link LegisyncError}. */
export interface FailureOptions {
  /** How long the other side asked us to wait, in milliseconds. Makes the wait longer than the rule has it, never shorter. */
  readonly retryAfterMs?: number;
  /** The outside error. Kept for logs on this machine only: it never reaches a workflow's history. */
  readonly cause?: unknown;
}

/**
 * An outside error, classified. `message` holds the value, the rule and nothing secret: it is stored in history and
 * in the catalogue, cut at 500 characters (Temporal truncates a failure at 4 KB).
 */
export class LegisyncError extends Error {
  readonly code: FailureCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: FailureCode, message: string, options: FailureOptions = {}) {
    super(message.length > 500 ? `${message.slice(0, 499)}…` : message, { cause: options.cause });
    this.name = 'LegisyncError';
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Whether `code` says that one document, not the whole service, is at fault: such a failure never stops a batch. */
export function isDocumentFailure(code: FailureCode): boolean {
  return code === 'DOCUMENT_NOT_FOUND' || code === 'DOCUMENT_MALFORMED' || code === 'DOCUMENT_REFUSED';
}
