import { Context } from '@temporalio/activity';
import { documentPath } from '../contract/documents.ts';
import { isDocumentFailure, LegisyncError, type FailureCode } from '../contract/failures.ts';
import type { DocumentFailure, UploadInput, UploadResult } from '../contract/messages.ts';
import type { DocumentStanding } from '../supabase/types.ts';
import type { ActivityDeps } from './deps.ts';
import { withHeartbeat } from './liveness.ts';
import { runPool } from './pool.ts';
import { isQuotaSpent } from './quotaSpent.ts';

/** A batch of 100 failures must stay below the 50 KB of a payload. */
const MAX_MESSAGE = 300;

/** At this attempt an error that nobody foresaw is taken for the document's own: it must not hold up its batch for ever. */
const POISON_ATTEMPT = 5;

/** What is done so far. It travels in the heartbeats, so that a next attempt need not consult these documents again. */
interface Progress {
  readonly uploaded: string[];
  readonly unchanged: string[];
  readonly failures: DocumentFailure[];
  bytes: number;
}

/** Whether a document of this hash must be uploaded: decided by the object alone, never by the queue's row. */
export function needsUpload(standing: DocumentStanding | undefined, sha256: string): boolean {
  return standing?.objectSha256 !== sha256;
}

/**
 * See {@link Activities.uploadDocuments}. Documents are consulted side by side; one that cannot be had is noted and
 * the others go on. What is wrong with the service ends the attempt: documents at hand are finished first, and the next
 * attempt, by the activity's retry policy, goes on after them. A spent quota, a stopping worker or a cancelled run is
 * no failure: the documents not reached come back in `left`.
 */
export async function uploadDocuments(deps: ActivityDeps, input: UploadInput): Promise<UploadResult> {
  const { collection } = input.batch;
  // Batches are served one after the other, the oldest first, and not all of them side by side: so each is queued soon
  // after its first upload, and lanes do not end together and leave the quota idle while they fetch.
  const rank = input.mode === 'maintenance' ? 1 : performance.now();
  const { attempt } = Context.current().info;
  const progress = earlierProgress();
  const done = new Set([
    ...progress.uploaded,
    ...progress.unchanged,
    ...progress.failures.map(({ id }) => id),
  ]);
  const todo = input.ids.filter((id) => !done.has(id));

  return withHeartbeat(
    () => progress,
    async (cancelled) => {
      const standings = new Map((await deps.catalogue.describe(collection, todo)).map((s) => [s.id, s]));
      const halt = new AbortController();
      const stop = AbortSignal.any([cancelled, deps.draining, halt.signal]);
      const left: string[] = [];
      let waitMs: number | undefined;
      let failure: Error | undefined;

      const collect = async (id: string): Promise<void> => {
        try {
          const path = documentPath(collection, id);
          const { body, sha256 } = await deps.legifrance.consult(id, cancelled, rank);
          const fresh = needsUpload(standings.get(id), sha256);
          // Not interruptible: what was consulted is worth its upload, which has a deadline of its own.
          if (fresh) await deps.storage.upload(path, body, sha256);
          (fresh ? progress.uploaded : progress.unchanged).push(id);
          progress.bytes += body.length;
        } catch (error) {
          if (error instanceof LegisyncError && concernsDocument(error.code)) {
            progress.failures.push({ id, code: error.code, message: error.message.slice(0, MAX_MESSAGE) });
            return;
          }
          if (!(error instanceof LegisyncError) && !cancelled.aborted && attempt >= POISON_ATTEMPT) {
            deps.log.warn({ id, err: error }, 'a document fails in a way that nobody foresaw');
            progress.failures.push({
              id,
              code: 'INTERNAL',
              message: 'An error that nobody foresaw; see the log.',
            });
            return;
          }
          left.push(id);
          if (isQuotaSpent(error)) waitMs = error.retryAfterMs;
          else if (!stop.aborted)
            failure = error instanceof Error ? error : new LegisyncError('INTERNAL', String(error));
          halt.abort();
        }
      };

      left.push(...(await runPool(todo, deps.settings.consultConcurrency, stop, collect)));
      if (failure !== undefined) throw failure;
      return { ...progress, left, ...(waitMs !== undefined && { waitMs }) };
    },
  );
}

/**
 * A request that the API rejects for good is the document's trouble too: it would end every attempt of every batch that
 * holds the document, and nothing of those batches would be queued.
 */
function concernsDocument(code: FailureCode): boolean {
  return isDocumentFailure(code) || code === 'LEGIFRANCE_REJECTED';
}

function earlierProgress(): Progress {
  const earlier = Context.current().info.heartbeatDetails as Progress | undefined;
  return {
    uploaded: [...(earlier?.uploaded ?? [])],
    unchanged: [...(earlier?.unchanged ?? [])],
    failures: [...(earlier?.failures ?? [])],
    bytes: earlier?.bytes ?? 0,
  };
}
