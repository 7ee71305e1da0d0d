import { Context } from '@temporalio/activity';
import { documentPath } from '../contract/documents.ts';
import type { LegisyncError } from '../contract/failures.ts';
import type { BatchRef, UploadInput, UploadResult } from '../contract/collecting.ts';
import type { BatchDocument } from '../supabase/types.ts';
import type { ActivityDeps } from './deps.ts';
import { withHeartbeat } from './liveness.ts';
import { runPool } from './pool.ts';
import { doneIn, earlierProgress, recordFailure, type Progress } from './progress.ts';
import { classified, concernsDocument, mayConcernDocument, backoffAfter, serviceWorks } from './trouble.ts';

/** From this attempt on, a batch of which nothing succeeds is asked whether it is its documents' fault. */
const PROBE_ATTEMPT = 3;

/** Whether a document of this hash must be uploaded: decided by the object alone, never by the queue's row. */
export function needsUpload(standing: BatchDocument | undefined, sha256: string): boolean {
  return standing?.objectSha256 !== sha256;
}

/**
 * See {@link Activities.uploadDocuments}. Documents are consulted side by side.
 *
 * What goes wrong is told apart by what goes right beside it. A document that fails while others
 * succeed is noted, with the time of its next try, and the others go on. As many failures in a row
 * as there are documents at hand mean that the service is in trouble: no more are begun. What was
 * done by then comes back as a result, so that it is queued now and not after the outage. Only an
 * attempt that did nothing at all fails, and is tried again by the activity's retry policy; if a
 * question to the service is answered all the same, the trouble is the documents' after all.
 *
 * A spent quota, a stopping worker or a cancelled run is no failure: the documents not reached come
 * back in `left`. Those that the batch does not hold any more come back in `lost`.
 */
export async function uploadDocuments(deps: ActivityDeps, input: UploadInput): Promise<UploadResult> {
  const { collection } = input.batch;
  // Batches are served one after the other, the oldest first, and not all of them side by side: so each is queued soon
  // after its first upload, and lanes do not end together and leave the quota idle while they fetch.
  const rank = input.mode === 'maintenance' ? 1 : performance.now();
  const { attempt } = Context.current().info;
  const progress = earlierProgress();
  const done = doneIn(progress);
  const wanted = input.ids.filter((id) => !done.has(id));

  return withHeartbeat(
    () => progress,
    async (cancelled) => {
      const standings = await standingsOf(deps, input.batch, wanted);
      const lost = wanted.filter((id) => !isHeld(standings.get(id)));
      const todo = wanted.filter((id) => isHeld(standings.get(id)));
      const halt = new AbortController();
      const stop = AbortSignal.any([cancelled, deps.draining, halt.signal]);
      const left: string[] = [];
      /** Failed, and it is not known yet whose fault it is. */
      const suspects = new Map<string, LegisyncError>();
      let failuresInARow = 0;
      let succeeded = false;
      /** What ends the attempt, where something does. */
      let trouble: LegisyncError | undefined;

      const collect = async (id: string): Promise<void> => {
        try {
          const path = documentPath(collection, id);
          const { body, sha256 } = await deps.legifrance.consult(id, cancelled, rank);
          const fresh = needsUpload(standings.get(id), sha256);
          // Not interruptible: what was consulted is worth its upload, which has a deadline of its own.
          if (fresh) await deps.storage.upload(path, body, sha256);
          (fresh ? progress.uploaded : progress.unchanged).push(id);
          progress.bytes += body.length;
          failuresInARow = 0;
          succeeded = true;
        } catch (error) {
          const failure = classified(error);
          if (cancelled.aborted) {
            left.push(id);
          } else if (concernsDocument(failure.code)) {
            recordFailure(progress, id, failure);
          } else if (mayConcernDocument(failure.code)) {
            if (failure.code === 'INTERNAL')
              deps.log.warn({ id, err: error }, 'an error that nobody foresaw');
            suspects.set(id, failure);
            failuresInARow += 1;
            if (failuresInARow >= deps.settings.consultConcurrency) trouble ??= failure;
          } else {
            left.push(id);
            trouble ??= failure;
          }
          if (trouble !== undefined) halt.abort();
        }
      };
      left.push(...(await runPool(todo, deps.settings.consultConcurrency, stop, collect)));
      if (cancelled.aborted) {
        return resultOf(progress, { left: [...left, ...suspects.keys()], lost }, undefined);
      }

      if (await areAtFault(deps, { suspects, succeeded, trouble, attempt, cancelled })) {
        for (const [id, failure] of suspects) recordFailure(progress, id, failure);
        trouble = undefined;
      } else {
        left.push(...suspects.keys());
        trouble ??= suspects.values().next().value;
      }
      return resultOf(progress, { left, lost }, trouble);
    },
  );
}

/** What is known of each document, by id. */
async function standingsOf(
  deps: ActivityDeps,
  batch: BatchRef,
  ids: readonly string[],
): Promise<ReadonlyMap<string, BatchDocument>> {
  return new Map((await deps.catalogue.describe(batch, ids)).map((standing) => [standing.id, standing]));
}

function isHeld(standing: BatchDocument | undefined): boolean {
  return standing?.held === true;
}

interface Suspicion {
  readonly suspects: ReadonlyMap<string, LegisyncError>;
  readonly succeeded: boolean;
  readonly trouble: LegisyncError | undefined;
  readonly attempt: number;
  readonly cancelled: AbortSignal;
}

/** Whether the documents that failed are themselves the reason. */
async function areAtFault(deps: ActivityDeps, suspicion: Suspicion): Promise<boolean> {
  const { suspects, succeeded, trouble, attempt, cancelled } = suspicion;
  const [first] = suspects.values();
  if (first === undefined || (trouble !== undefined && !mayConcernDocument(trouble.code))) return false;
  if (succeeded && trouble === undefined) return true;
  return attempt >= PROBE_ATTEMPT && (await serviceWorks(deps, first.code, cancelled));
}

/** @throws LegisyncError where trouble kept the attempt from doing anything */
function resultOf(
  progress: Progress,
  others: Pick<UploadResult, 'left' | 'lost'>,
  trouble: LegisyncError | undefined,
): UploadResult {
  const result = { ...progress, ...others };
  if (trouble === undefined) return result;
  if (trouble.code === 'QUOTA_SPENT') return { ...result, waitMs: trouble.retryAfterMs };
  if (doneIn(progress).size === 0) throw trouble;
  return { ...result, waitMs: backoffAfter(trouble), problem: `${trouble.code}: ${trouble.message}` };
}
