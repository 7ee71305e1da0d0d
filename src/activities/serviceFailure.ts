import type { Problem } from '../contract/collecting.ts';
import type { ProbedService } from '../contract/failureRule.ts';
import { FAILURES, LegisyncError, type FailureCode } from '../contract/failures.ts';
import { SHORT_OUTAGE_MS } from '../contract/timing.ts';
import type { ActivityDeps } from './deps.ts';

/** Whether a failure is certainly the document's own: the other documents of the batch continue. */
export function concernsDocument(code: FailureCode): boolean {
  const { document, service } = FAILURES[code].concerns;
  return document !== undefined && service === undefined;
}

/**
 * Whether a failure may be one document's as well as the whole service's: an HTTP 500 for this id
 * each time, a key that makes Storage fail, a bug that one odd answer shows.
 */
export function mayConcernDocument(code: FailureCode): boolean {
  const { document, service } = FAILURES[code].concerns;
  return document !== undefined && service !== undefined;
}

/**
 * Whether a failure may be one slice's own. Others concern the whole service and end the attempt.
 */
export function concernsSlice(error: unknown): error is LegisyncError {
  return error instanceof LegisyncError && FAILURES[error.code].concerns.slice !== undefined;
}

/** Every other error becomes `INTERNAL`, with the error as its cause: that is for the log only. */
export function toLegisyncError(error: unknown): LegisyncError {
  if (error instanceof LegisyncError) return error;
  return new LegisyncError('INTERNAL', 'An unexpected error. See the log of the worker.', { cause: error });
}

/** In characters. It is shown, and kept in the history. */
const MAX_PROBLEM = 300;

/** A failure as it passes through Temporal. */
export function problemOf({ code, message }: LegisyncError): Problem {
  return { code, message: message.slice(0, MAX_PROBLEM), at: new Date().toISOString() };
}

type Probe = (deps: ActivityDeps, signal: AbortSignal) => Promise<unknown>;

/** One request to each service that has nothing to do with the documents of a batch. */
const PROBES: Readonly<Record<ProbedService, Probe>> = {
  legifrance: ({ legifrance }, signal) => legifrance.listCodes(signal),
  storage: ({ storage }) => storage.ensureBucket(),
};

/**
 * Probes the service that a failure of {@link mayConcernDocument} may be of. If the probe succeeds,
 * the documents cause the failure.
 */
export async function serviceWorks(
  deps: ActivityDeps,
  code: FailureCode,
  signal: AbortSignal,
): Promise<boolean> {
  const { concerns } = FAILURES[code];
  if (concerns.document === undefined || concerns.service === undefined) return false;
  try {
    await PROBES[concerns.service](deps, signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * How long a lane waits after a failure cut its batch short, in milliseconds. If the outage lasts,
 * the next attempt does nothing at all, fails, and is retried by the activity's policy.
 */
export function backoffAfter({ code, retryAfterMs }: LegisyncError): number {
  const { retry } = FAILURES[code];
  return Math.max(retryAfterMs ?? 0, retry.kind === 'every' ? retry.ms : SHORT_OUTAGE_MS);
}
