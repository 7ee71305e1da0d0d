import { Context } from '@temporalio/activity';
import { documentPath } from '../contract/documents.ts';
import type { LegisyncError } from '../contract/failures.ts';
import type { BatchRef, UploadInput, UploadResult } from '../contract/collecting.ts';
import { RANK } from '../contract/limits.ts';
import type { BatchDocument } from '../supabase/types.ts';
import type { ActivityDeps } from './deps.ts';
import { throwIfInterrupted, withHeartbeat } from './liveness.ts';
import { runPool } from './pool.ts';
import { doneIn, earlierProgress, recordFailure, WAITS, type Progress } from './progress.ts';
import {
  backoffAfter,
  concernsDocument,
  mayConcernDocument,
  problemOf,
  serviceWorks,
  toLegisyncError,
} from './serviceFailure.ts';

/** From this attempt on, a batch in which nothing succeeds probes the service. */
const PROBE_ATTEMPT = 3;

/**
 * Whether a document with this content hash must be uploaded. The object alone decides, never the
 * row in the queue.
 */
export function needsUpload(known: BatchDocument | undefined, sha256: string): boolean {
  return known?.objectSha256 !== sha256;
}

/**
 * See {@link Activities.uploadDocuments}. Several documents are consulted at a time.
 *
 * What succeeds beside a failure decides whose failure it is. If other documents succeed, the
 * failed document is recorded with the time of its next try, and the others continue. If as many
 * documents fail in a row as are consulted at a time, the service has an outage: no further
 * document begins. What was done by then is returned as a result, so that it is queued now and not
 * after the outage.
 *
 * The attempt fails only if it did nothing at all. Then the activity's retry policy applies. From
 * the third attempt on, such an attempt probes the service. If the probe succeeds, the documents
 * are at fault after all.
 *
 * A spent quota, a stopping worker and a cancelled run are not failures: the documents that were
 * not reached are returned in `left`. Documents that the batch does not hold any more are returned
 * in `lost`.
 */
export async function uploadDocuments(deps: ActivityDeps, input: UploadInput): Promise<UploadResult> {
  const { collection } = input.batch;
  // The oldest batch is served first. So each batch is queued soon after its first upload, and
  // lanes do not end together and leave the quota idle while they fetch.
  const rank =
    input.mode === 'maintenance' ? RANK.maintenanceDocument : RANK.massiveDocument + performance.now();
  const { attempt } = Context.current().info;
  const progress = earlierProgress();
  const done = doneIn(progress);
  const wanted = input.ids.filter((id) => !done.has(id));
  /** Documents in progress, and those of them whose request has not been sent. */
  const [current, unsent] = [new Set<string>(), new Set<string>()];
  const waits = (): boolean => current.size > 0 && unsent.size === current.size;

  return withHeartbeat(
    () => (waits() ? { ...progress, note: WAITS } : progress),
    async (cancelled) => {
      const known = await describe(deps, input.batch, wanted);
      const lost = wanted.filter((id) => !isHeld(known.get(id)));
      const todo = wanted.filter((id) => isHeld(known.get(id)));
      const halt = new AbortController();
      const stop = AbortSignal.any([cancelled, deps.draining, halt.signal]);
      const left: string[] = [];
      /** Documents that failed although they may not be at fault. */
      const suspects = new Map<string, LegisyncError>();
      let failuresInARow = 0;
      let succeeded = false;
      /** Ends the attempt: an outage, a spent quota, a refused key, … */
      let serviceFailure: LegisyncError | undefined;

      const collect = async (id: string): Promise<void> => {
        current.add(id);
        unsent.add(id);
        try {
          const path = documentPath(collection, id);
          const sent = (): boolean => unsent.delete(id);
          const { body, sha256 } = await deps.legifrance.consult(id, cancelled, rank, sent);
          const changed = needsUpload(known.get(id), sha256);
          // Not interruptible: the consult has cost a request, and the upload has its own deadline.
          if (changed) await deps.storage.upload(path, body, sha256);
          (changed ? progress.uploaded : progress.unchanged).push(id);
          progress.bytes += body.length;
          failuresInARow = 0;
          succeeded = true;
        } catch (error) {
          const failure = toLegisyncError(error);
          if (cancelled.aborted) {
            left.push(id);
          } else if (concernsDocument(failure.code)) {
            recordFailure(progress, id, failure);
          } else if (mayConcernDocument(failure.code)) {
            if (failure.code === 'INTERNAL') deps.log.warn({ id, err: error }, 'unexpected error');
            suspects.set(id, failure);
            failuresInARow += 1;
            if (failuresInARow >= deps.settings.consultConcurrency) serviceFailure ??= failure;
          } else {
            left.push(id);
            serviceFailure ??= failure;
          }
          if (serviceFailure !== undefined) halt.abort();
        } finally {
          current.delete(id);
          unsent.delete(id);
        }
      };
      left.push(...(await runPool(todo, deps.settings.consultConcurrency, stop, collect)));
      if (cancelled.aborted) {
        throwIfInterrupted();
        return resultOf(deps, progress, { left: [...left, ...suspects.keys()], lost }, undefined);
      }

      if (await areAtFault(deps, { suspects, succeeded, serviceFailure, attempt, cancelled })) {
        for (const [id, failure] of suspects) recordFailure(progress, id, failure);
        serviceFailure = undefined;
      } else {
        left.push(...suspects.keys());
        serviceFailure ??= suspects.values().next().value;
      }
      return resultOf(deps, progress, { left, lost }, serviceFailure);
    },
  );
}

/** What the database knows of each document, by id. */
async function describe(
  deps: ActivityDeps,
  batch: BatchRef,
  ids: readonly string[],
): Promise<ReadonlyMap<string, BatchDocument>> {
  return new Map((await deps.catalogue.describe(batch, ids)).map((known) => [known.id, known]));
}

function isHeld(known: BatchDocument | undefined): boolean {
  return known?.held === true;
}

interface Suspicion {
  readonly suspects: ReadonlyMap<string, LegisyncError>;
  readonly succeeded: boolean;
  readonly serviceFailure: LegisyncError | undefined;
  readonly attempt: number;
  readonly cancelled: AbortSignal;
}

/** Whether the documents that failed cause their failures. */
async function areAtFault(deps: ActivityDeps, suspicion: Suspicion): Promise<boolean> {
  const { suspects, succeeded, serviceFailure, attempt, cancelled } = suspicion;
  const [first] = suspects.values();
  if (first === undefined || (serviceFailure !== undefined && !mayConcernDocument(serviceFailure.code)))
    return false;
  if (succeeded && serviceFailure === undefined) return true;
  return attempt >= PROBE_ATTEMPT && (await serviceWorks(deps, first.code, cancelled));
}

/** @throws LegisyncError if a service's failure kept the attempt from doing anything */
function resultOf(
  deps: ActivityDeps,
  progress: Progress,
  others: Pick<UploadResult, 'left' | 'lost'>,
  serviceFailure: LegisyncError | undefined,
): UploadResult {
  const result = { ...progress, ...others, endedAt: deps.now().toISOString() };
  if (serviceFailure === undefined) return result;
  const problem = problemOf(serviceFailure);
  if (serviceFailure.code === 'QUOTA_SPENT')
    return { ...result, waitMs: serviceFailure.retryAfterMs, problem };
  if (doneIn(progress).size === 0) throw serviceFailure;
  return { ...result, waitMs: backoffAfter(serviceFailure), problem };
}
