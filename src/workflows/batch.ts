import { CancellationScope, log, TemporalFailure } from '@temporalio/workflow';
import type {
  BatchRef,
  EnqueueResult,
  FetchInput,
  FetchResult,
  UploadResult,
} from '../contract/collecting.ts';
import { PRIORITY } from '../contract/names.ts';
import { enqueueDocuments, fetchDocuments, uploadDocuments } from './proxies.ts';

/** The three steps of a batch, with what the Web UI shows of each. */

/**
 * A batch that stopping workers hand back continues on the next worker, this many times at most.
 */
const MAX_HAND_OVERS = 20;

/** What came of a batch. */
export interface BatchOutcome {
  readonly upload: UploadResult;
  readonly enqueued: EnqueueResult;
  /**
   * The batch did not hold some of its documents to the end: they are due, or another run or batch
   * has them.
   */
  readonly lost: boolean;
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
  const enqueued = await enqueueBatch(batch, upload);
  return { upload, enqueued, lost: reportLost(batch, [...upload.lost, ...enqueued.lost]), failure };
}

/** Ids in one warning; the count is of all. */
const LOST_EXAMPLES = 10;

function reportLost({ sequence }: BatchRef, ids: readonly string[]): boolean {
  if (ids.length === 0) return false;
  // A run that was reset expects this once a lane. More often it means that batches take longer
  // than their lease.
  log.warn('a batch lost documents: another run or batch may have taken them', {
    batch: sequence,
    count: ids.length,
    ids: ids.slice(0, LOST_EXAMPLES),
  });
  return true;
}

function uploadBatch(
  batch: BatchRef,
  ids: readonly string[],
  mode: FetchInput['mode'],
): Promise<UploadResult> {
  const summary = `${ids.length} documents to the bucket (batch ${batch.sequence})`;
  return uploadDocuments.executeWithOptions({ summary, priority: priorityOf(mode) }, [{ batch, mode, ids }]);
}

/** Not cancellable. The batch holds nothing after it: what was not reached is free for others. */
function enqueueBatch(batch: BatchRef, upload: UploadResult): Promise<EnqueueResult> {
  const stored = [...upload.uploaded, ...upload.unchanged];
  const summary = `${stored.length} documents to files_queue (batch ${batch.sequence})`;
  return CancellationScope.nonCancellable(() =>
    enqueueDocuments.executeWithOptions({ summary }, [{ batch, stored, failures: upload.failures }]),
  );
}

function untouched(ids: readonly string[]): UploadResult {
  return { uploaded: [], unchanged: [], failures: [], left: ids, lost: [], bytes: 0 };
}

function together(before: UploadResult, more: UploadResult): UploadResult {
  return {
    ...more,
    uploaded: [...before.uploaded, ...more.uploaded],
    unchanged: [...before.unchanged, ...more.unchanged],
    failures: [...before.failures, ...more.failures],
    lost: [...before.lost, ...more.lost],
    bytes: before.bytes + more.bytes,
  };
}

function priorityOf(mode: FetchInput['mode']): { priorityKey: number } {
  return { priorityKey: PRIORITY[mode] };
}
