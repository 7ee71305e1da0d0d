import { DAY_SECONDS } from './timing.ts';

/** When an activity is tried again. */
export type Retry =
  /** By the activity's own policy, see `BACKOFF` in `timing.ts`. */
  | { readonly kind: 'backoff' }
  /** After `ms` milliseconds. A person has to act, and more frequent retries only fill the log. */
  | { readonly kind: 'every'; readonly ms: number }
  /** Not at all: the same request gets the same answer. */
  | { readonly kind: 'never' };

/** When a document is tried again. */
export interface DocumentRetry {
  /** Seconds after the first failure. Twice as long after each further one. */
  readonly retrySeconds: number;
  /** The longest delay, in seconds. */
  readonly maxSeconds: number;
  /**
   * The API does not know the document: it is unavailable while a listing shows it, and else
   * withdrawn.
   */
  readonly unavailable: boolean;
}

/** Services that one request can probe, whatever the documents of a batch. */
export type ProbedService = 'legifrance' | 'storage';

interface ConcernsAnything {
  /** One slice: it is released for a later attempt, or parked until the next pass. */
  readonly slice?: 'retry' | 'park';
  /** A person: it lasts until somebody acts. The remedy is then kept beside the failure. */
  readonly operator?: true;
}

interface ConcernsNoDocument extends ConcernsAnything {
  readonly document?: never;
  /** All requests to this service: the attempt ends and releases what it did not reach. */
  readonly service?: ProbedService | 'database' | 'supabase';
}

interface ConcernsDocument extends ConcernsAnything {
  /** One document of a batch: it fails, and the batch continues. */
  readonly document: DocumentRetry;
  /**
   * The failure may be this service's as well. If other documents succeed, or a probe of the
   * service does, it is the document's.
   */
  readonly service?: ProbedService;
}

/** Whom a failure concerns. Everything else continues. */
export type Concerns = ConcernsNoDocument | ConcernsDocument;

/** What the code does about a failure. */
export interface FailureRule {
  readonly retry: Retry;
  readonly concerns: Concerns;
  /** Expected under load: logged at debug, and not counted by the SDK's metrics as a failure. */
  readonly benign: boolean;
  /** How a command ends that meets this failure, by the names of `EXIT` in `cli/exit.ts`. */
  readonly exit: 'failed' | 'config' | 'refused' | 'supabase';
  /** What the operator should do, in at most 20 words. Shown on a line of its own. */
  readonly remedy: string;
}

const MINUTE_MS = 60_000;
export const WITH_BACKOFF: Retry = { kind: 'backoff' };
export const NEVER: Retry = { kind: 'never' };
export const EVERY_5_MINUTES: Retry = { kind: 'every', ms: 5 * MINUTE_MS };
export const EVERY_15_MINUTES: Retry = { kind: 'every', ms: 15 * MINUTE_MS };

const after = (retrySeconds: number): DocumentRetry => ({
  retrySeconds,
  maxSeconds: DAY_SECONDS,
  unavailable: false,
});
export const AFTER_A_MINUTE = after(60);
export const AFTER_5_MINUTES = after(300);
export const AFTER_AN_HOUR = after(3_600);
export const AFTER_A_DAY = after(DAY_SECONDS);
/**
 * The API answers "not found" for existing documents, too, for weeks. A longer first delay would
 * leave a short fault uncollected for long. A shorter last one would waste requests on documents
 * that a listing shows for years although they do not exist.
 */
export const UP_TO_A_WEEK: DocumentRetry = {
  retrySeconds: 3_600,
  maxSeconds: 7 * DAY_SECONDS,
  unavailable: true,
};
