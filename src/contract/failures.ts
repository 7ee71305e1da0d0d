import {
  AFTER_5_MINUTES,
  AFTER_A_DAY,
  AFTER_A_MINUTE,
  AFTER_AN_HOUR,
  EVERY_15_MINUTES,
  EVERY_5_MINUTES,
  NEVER,
  UP_TO_A_WEEK,
  WITH_BACKOFF,
  type DocumentRetry,
  type FailureRule,
} from './failureRule.ts';
import { MESSAGE_CHARACTERS } from './limits.ts';

/**
 * The failure taxonomy: each way in which an external service can fail, with everything that the
 * code decides by it.
 *
 * Each failure has a stable code. One function for each service (`legifrance/failures.ts`,
 * `supabase/failures.ts`, `migrations/failures.ts`) turns an external error into a
 * {@link LegisyncError}. The activities, the interceptor and the command line read the rest here.
 * To add a code, add one entry: the compiler says which fields are missing.
 */
const RULES = {
  LEGIFRANCE_THROTTLED: {
    retry: WITH_BACKOFF,
    concerns: { service: 'legifrance' },
    benign: true,
    exit: 'failed',
    remedy: 'Nothing. If it lasts, compare the LEGISYNC_QUOTA_* settings with the quotas that PISTE shows.',
  },
  LEGIFRANCE_UNAVAILABLE: {
    retry: WITH_BACKOFF,
    concerns: { service: 'legifrance', document: AFTER_5_MINUTES, slice: 'retry' },
    benign: false,
    exit: 'failed',
    remedy: 'Nothing: the collection continues when Légifrance answers again.',
  },
  LEGIFRANCE_CREDENTIALS: {
    retry: EVERY_5_MINUTES,
    concerns: { operator: true },
    benign: false,
    exit: 'failed',
    remedy: 'Check PISTE_CLIENT_ID and PISTE_CLIENT_SECRET against the application at https://piste.gouv.fr.',
  },
  LEGIFRANCE_FORBIDDEN: {
    // 423, PISTE's lock for suspicious activity, shares this retry: frequent requests prolong it.
    retry: EVERY_15_MINUTES,
    concerns: { operator: true },
    benign: false,
    exit: 'failed',
    remedy: 'Subscribe the PISTE application to the Légifrance API and accept its terms of use.',
  },
  LEGIFRANCE_REJECTED: {
    retry: NEVER,
    concerns: { document: AFTER_AN_HOUR, slice: 'park', operator: true },
    benign: false,
    exit: 'failed',
    remedy:
      'Correct the id of the code, or narrow the query, that the message names. Otherwise, report a bug.',
  },
  DOCUMENT_NOT_FOUND: {
    retry: NEVER,
    concerns: { document: UP_TO_A_WEEK, slice: 'retry' },
    benign: false,
    exit: 'failed',
    remedy: 'Nothing: the document is tried again, at least once a week, while a listing shows it.',
  },
  DOCUMENT_MALFORMED: {
    retry: NEVER,
    concerns: { document: AFTER_AN_HOUR, slice: 'retry' },
    benign: false,
    exit: 'failed',
    remedy: 'Nothing: the document is tried again with a growing delay.',
  },
  DOCUMENT_REFUSED: {
    retry: NEVER,
    // Until an operator raises the limit, each try costs a request and ends in the same refusal.
    concerns: { document: AFTER_A_DAY },
    benign: false,
    exit: 'failed',
    remedy: 'If the document is too large, raise the file size limit of the bucket and of the project.',
  },
  OBJECT_MISSING: {
    retry: NEVER,
    concerns: { document: AFTER_A_MINUTE, operator: true },
    benign: false,
    exit: 'failed',
    remedy: 'Find out what removes objects from the bucket. The document is collected again.',
  },
  STORAGE_BUSY: {
    retry: WITH_BACKOFF,
    concerns: { service: 'storage', document: AFTER_5_MINUTES },
    benign: false,
    exit: 'supabase',
    remedy: 'Nothing. If it lasts, check Supabase Storage.',
  },
  STORAGE_REFUSED: {
    retry: EVERY_5_MINUTES,
    concerns: { operator: true },
    benign: false,
    exit: 'supabase',
    remedy: 'Check that the bucket exists (`legisync up` creates it) and allows application/json.',
  },
  SUPABASE_CREDENTIALS: {
    retry: EVERY_5_MINUTES,
    concerns: { operator: true },
    benign: false,
    exit: 'supabase',
    remedy: "Set SUPABASE_SERVICE_ROLE_KEY to the project's current service key, then restart the worker.",
  },
  SUPABASE_UNREACHABLE: {
    retry: WITH_BACKOFF,
    concerns: { service: 'supabase' },
    benign: false,
    exit: 'supabase',
    remedy: 'Check SUPABASE_URL. If it worked before, wait: legisync continues when Supabase answers again.',
  },
  DATABASE_BUSY: {
    retry: WITH_BACKOFF,
    concerns: { service: 'database' },
    benign: false,
    exit: 'supabase',
    remedy: 'Nothing. If it lasts, check the database.',
  },
  DATABASE_TIMEOUT: {
    retry: WITH_BACKOFF,
    concerns: { service: 'database' },
    benign: false,
    exit: 'supabase',
    remedy: 'Nothing. If it lasts, look for locks and load in the database.',
  },
  SCHEMA_MISSING: {
    retry: EVERY_5_MINUTES,
    concerns: { operator: true },
    benign: false,
    exit: 'supabase',
    remedy: 'Run `legisync migrate`, or `supabase db push --remote` (`--linked` with CLI 2).',
  },
  DATABASE_REFUSED: {
    retry: EVERY_5_MINUTES,
    concerns: { operator: true },
    benign: false,
    exit: 'supabase',
    remedy:
      'Run `legisync migrate` with a SUPABASE_DB_URL of the role `postgres`, or the owner of public.files_queue.',
  },
  DATABASE_INCOMPATIBLE: {
    retry: EVERY_5_MINUTES,
    concerns: { operator: true },
    benign: false,
    exit: 'supabase',
    remedy:
      'Compare what the message names with a new Supabase project, correct it, then run `legisync migrate` again.',
  },
  QUEUE_INCOMPATIBLE: {
    retry: EVERY_5_MINUTES,
    concerns: { operator: true },
    benign: false,
    exit: 'supabase',
    remedy:
      'Change the columns, constraints or triggers of public.files_queue so that it accepts the row in the message.',
  },
  BACKFILL_REFUSED: {
    retry: NEVER,
    concerns: { operator: true },
    benign: false,
    exit: 'refused',
    remedy: 'Follow the message. `legisync backfill status` shows the last run.',
  },
  ENUMERATION_UNSTABLE: {
    // Set by legisync.move_slice: a search that changed in each of eight rounds.
    retry: NEVER,
    concerns: { slice: 'park' },
    benign: false,
    exit: 'failed',
    remedy: 'Nothing: the next pass enumerates the slice again.',
  },
  QUOTA_SPENT: {
    retry: WITH_BACKOFF,
    concerns: { service: 'legifrance' },
    benign: true,
    exit: 'failed',
    remedy: 'Nothing: the collection continues when the hour or the day has room again.',
  },
  CONFIG_INVALID: {
    retry: NEVER,
    concerns: { operator: true },
    benign: false,
    exit: 'config',
    remedy: 'Correct the settings named in the message. See .env.example.',
  },
  COLLECTION_UNKNOWN: {
    // Another worker may know it, or this one after a restart with the right file.
    retry: EVERY_5_MINUTES,
    concerns: { operator: true },
    benign: false,
    exit: 'config',
    remedy:
      'Give the worker the LEGISYNC_COLLECTIONS that this collection is defined in, then restart the worker.',
  },
  INTERNAL: {
    retry: WITH_BACKOFF,
    // One odd answer may cause it, or all of them.
    concerns: { service: 'legifrance', document: AFTER_AN_HOUR, operator: true },
    benign: false,
    exit: 'failed',
    remedy: 'This is a bug: report it with the message and the stack.',
  },
} as const satisfies Record<string, FailureRule>;

export type FailureCode = keyof typeof RULES;

/** The taxonomy, by code. */
export const FAILURES: Readonly<Record<FailureCode, FailureRule>> = RULES;

/** Whether a text, such as the type of a failure in a history, is a code of the taxonomy. */
export function isFailureCode(text: string): text is FailureCode {
  return Object.hasOwn(FAILURES, text);
}

/** What to do about a failure. A code that is none of the taxonomy is explained by the log only. */
export function remedyOf(code: string): string {
  return isFailureCode(code) ? FAILURES[code].remedy : 'See the log of the worker.';
}

/**
 * When a document is tried again after a failure. A code without a rule, such as that of a newer
 * worker, waits a day: a needless request is better than a document that is never tried again.
 */
export function documentRetry(code: string): DocumentRetry {
  return (isFailureCode(code) ? FAILURES[code].concerns.document : undefined) ?? AFTER_A_DAY;
}

/** Options of {@link LegisyncError}. */
export interface FailureOptions {
  /** How long the service asks to wait, in milliseconds. Extends the wait of the rule only. */
  readonly retryAfterMs?: number;
  /** A remedy that fits this failure better than the one of its code. */
  readonly remedy?: string;
  /** The external error, for logs on this machine only: it never enters a workflow's history. */
  readonly cause?: unknown;
}

/**
 * A classified failure. `message` holds the wrong value and the rule, and no secret: it is stored
 * in history and in the catalogue, cut at 500 characters (Temporal truncates a failure at 4 KB).
 * The remedy is never part of it.
 */
export class LegisyncError extends Error {
  readonly code: FailureCode;
  readonly remedy: string;
  readonly retryAfterMs: number | undefined;

  constructor(code: FailureCode, message: string, options: FailureOptions = {}) {
    super(message.length > MESSAGE_CHARACTERS ? `${message.slice(0, MESSAGE_CHARACTERS - 1)}…` : message, {
      cause: options.cause,
    });
    this.name = 'LegisyncError';
    this.code = code;
    this.remedy = options.remedy ?? FAILURES[code].remedy;
    this.retryAfterMs = options.retryAfterMs;
  }
}
