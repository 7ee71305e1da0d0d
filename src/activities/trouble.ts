import { FAILURES, isDocumentFailure, LegisyncError, type FailureCode } from '../contract/failures.ts';
import type { ActivityDeps } from './deps.ts';

/** Whether a failure is certainly the document's own: the others of the batch are not concerned. */
export function concernsDocument(code: FailureCode): boolean {
  // A request that the API rejects for good would end every attempt of every batch that holds the document.
  return isDocumentFailure(code) || code === 'LEGIFRANCE_REJECTED';
}

/**
 * Whether a failure may be one document's as well as the whole service's: an HTTP 500 that comes for this id each time,
 * a key that Storage chokes on, a bug of ours that one odd answer shows.
 */
export function mayConcernDocument(code: FailureCode): boolean {
  return code === 'LEGIFRANCE_UNAVAILABLE' || code === 'STORAGE_BUSY' || code === 'INTERNAL';
}

/** Every error of a document's way, classified. What is no LegisyncError is kept for the log, not for the history. */
export function classified(error: unknown): LegisyncError {
  if (error instanceof LegisyncError) return error;
  return new LegisyncError('INTERNAL', 'An error that nobody foresaw; see the log of the worker.', {
    cause: error,
  });
}

/**
 * Asks the service that failed for something that has nothing to do with the documents: if that works, the trouble is
 * theirs. One request.
 */
export async function serviceWorks(
  deps: ActivityDeps,
  code: FailureCode,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    if (code === 'STORAGE_BUSY') await deps.storage.ensureBucket();
    else await deps.legifrance.listCodes(signal);
    return true;
  } catch {
    return false;
  }
}

/** Long enough for a hiccup to pass; if it lasts, the next attempt backs off by the activity's retry policy. */
const HICCUP_MS = 10_000;

/** How long a lane rests after a batch that trouble cut short. */
export function backoffAfter({ code, retryAfterMs }: LegisyncError): number {
  const { retry } = FAILURES[code];
  return Math.max(retryAfterMs ?? 0, retry.kind === 'every' ? retry.ms : HICCUP_MS);
}
