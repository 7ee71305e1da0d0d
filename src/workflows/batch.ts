import { CancellationScope, TemporalFailure } from '@temporalio/workflow';
import type { BatchRef, EnqueueResult, FetchInput, FetchResult, UploadResult } from '../contract/messages.ts';
import { PRIORITY } from '../contract/names.ts';
import { enqueueDocuments, fetchDocuments, uploadDocuments } from './proxies.ts';

/** The three steps of a batch, with what the Web UI shows of each. */

/** A batch that stopping workers hand back goes on with the next worker, this many times at most. */
const MAX_HAND_OVERS = 20;

/** What came of a batch. */
export interface BatchOutcome {
  readonly upload: UploadResult;
  readonly enqueued: EnqueueResult;
  /** Set where the batch was cancelled, or failed for good: what was uploaded is queued, and the rest is free for others. */
  readonly failure?: TemporalFailure | undefined;
}

/** The next documents. A batch that fails, or is cancelled, while it is put together is handed back. */
export async function fetchBatch(input: FetchInput): Promise<FetchResult> {
  const { collection, sequence } = input.batch;
  const summary = `Next documents of ${collection} (batch ${sequence})`;
  try {
    return await fetchDocuments.executeWithOptions({ summary, priority: priorityOf(input.mode) }, [input]);
  } catch (error) {
    if (error instanceof TemporalFailure) await enqueueBatch(input.batch, untouched([]));
    throw error;
  }
}

/** Uploads a batch, and queues what was uploaded whatever else stops. */
export async function collectBatch(
  batch: BatchRef,
  ids: readonly string[],
  mode: FetchInput['mode'],
): Promise<BatchOutcome> {
  let upload = untouched(ids);
  let failure: TemporalFailure | undefined;
  try {
    for (
      let turn = 0;
      upload.left.length > 0 && upload.waitMs === undefined && turn < MAX_HAND_OVERS;
      turn += 1
    ) {
      upload = together(upload, await uploadBatch(batch, upload.left, mode));
    }
  } catch (error) {
    // A cancelled activity may end with any failure: the server does not try it again once its cancellation was asked for.
    if (!(error instanceof TemporalFailure)) throw error;
    failure = error;
  }
  return { upload, enqueued: await enqueueBatch(batch, upload), failure };
}

function uploadBatch(
  batch: BatchRef,
  ids: readonly string[],
  mode: FetchInput['mode'],
): Promise<UploadResult> {
  const summary = `${ids.length} documents to the bucket (batch ${batch.sequence})`;
  return uploadDocuments.executeWithOptions({ summary, priority: priorityOf(mode) }, [{ batch, mode, ids }]);
}

/** Not cancellable. It also ends the batch's claims: what was not reached is free for others. */
function enqueueBatch(batch: BatchRef, upload: UploadResult): Promise<EnqueueResult> {
  const stored = [...upload.uploaded, ...upload.unchanged];
  const summary = `${stored.length} documents to files_queue (batch ${batch.sequence})`;
  return CancellationScope.nonCancellable(() =>
    enqueueDocuments.executeWithOptions({ summary }, [{ batch, stored, failures: upload.failures }]),
  );
}

function untouched(ids: readonly string[]): UploadResult {
  return { uploaded: [], unchanged: [], failures: [], left: ids, bytes: 0 };
}

function together(before: UploadResult, more: UploadResult): UploadResult {
  return {
    ...more,
    uploaded: [...before.uploaded, ...more.uploaded],
    unchanged: [...before.unchanged, ...more.unchanged],
    failures: [...before.failures, ...more.failures],
    bytes: before.bytes + more.bytes,
  };
}

function priorityOf(mode: FetchInput['mode']): { priorityKey: number } {
  return { priorityKey: PRIORITY[mode] };
}
