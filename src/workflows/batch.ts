import { CancellationScope, log, TemporalFailure } from '@temporalio/workflow';
import type {
  BatchRef,
  EnqueueResult,
  FetchInput,
  FetchResult,
  UploadResult,
} from '../contract/collecting.ts';
import { PRIORITY } from '../contract/limits.ts';
import { enqueueDocuments, fetchDocuments, uploadDocuments } from './proxies.ts';
import { checkResult } from './results.ts';

/**
 * The three activities of a batch: fetch, upload, queue. Their summaries are shown in the Web UI.
 */

/** How many workers may continue a batch. A worker that stops leaves the rest to the next one. */
const MAX_WORKERS = 20;

/** Result of {@link collectBatch}. */
export interface BatchOutcome {
  readonly upload: UploadResult;
  readonly enqueued: EnqueueResult;
  /**
   * The batch lost its lease on some documents before it ended: they are due, or another run or
   * batch has them.
   */
  readonly lost: boolean;
  /**
   * Set if the batch was cancelled or failed permanently. What was uploaded is queued, and the rest
   * is free for others.
   */
  readonly failure?: TemporalFailure | undefined;
}

/**
 * Fetches the next batches. If this fails or is cancelled, the documents that they have leased are
 * released.
 *
 * @throws TemporalFailure if the activity failed permanently or was cancelled
 */
export async function fetchBatches(input: FetchInput): Promise<FetchResult> {
  const { batch, batches = 1 } = input;
  const last = batch.sequence + batches - 1;
  const numbers = batches === 1 ? `batch ${last}` : `batches ${batch.sequence} to ${last}`;
  const summary = `Fetch documents of ${batch.collection} (${numbers})`;
  try {
    const options = { summary, priority: priorityOf(input.mode) };
    return checkResult('fetchDocuments', await fetchDocuments.executeWithOptions(options, [input]));
  } catch (error) {
    if (error instanceof TemporalFailure) {
      const refs = Array.from({ length: batches }, (_, i) => ({ ...batch, sequence: batch.sequence + i }));
      await Promise.all(refs.map(releaseBatch));
    }
    throw error;
  }
}

/**
 * Releases what a batch holds that was not begun. Cannot be cancelled. If it fails permanently, the
 * batch keeps its documents until its lease ends.
 */
export async function releaseBatch(batch: BatchRef): Promise<void> {
  await enqueueBatch(batch, untouched([])).catch(logFailure);
}

/** @throws the error, if it is no failure of an activity */
function logFailure(error: unknown): void {
  if (!(error instanceof TemporalFailure)) throw error;
  log.warn('a batch could not be released: its lease ends by itself', { problem: error.message });
}

/** Uploads a batch. Queues what was uploaded, also if the upload fails or is cancelled. */
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
      upload.left.length > 0 && upload.waitMs === undefined && turn < MAX_WORKERS;
      turn += 1
    ) {
      upload = together(upload, await uploadBatch(batch, upload.left, mode));
    }
  } catch (error) {
    // A cancelled activity may end with any failure: the server does not retry it after a
    // cancellation was requested.
    if (!(error instanceof TemporalFailure)) throw error;
    failure = error;
  }
  let enqueued = NOTHING_QUEUED;
  try {
    enqueued = await enqueueBatch(batch, upload);
  } catch (error) {
    // The batch keeps its documents until its lease ends. They are consulted again then.
    if (!(error instanceof TemporalFailure)) throw error;
    failure ??= error;
  }
  return { upload, enqueued, lost: reportLost(batch, [...upload.lost, ...enqueued.lost]), failure };
}

/** How many ids a warning lists. Its count is of all. */
const LOST_EXAMPLES = 10;

function reportLost({ sequence }: BatchRef, ids: readonly string[]): boolean {
  if (ids.length === 0) return false;
  // Expected once for each lane after a run was reset. If it is more frequent, batches take longer
  // than their lease.
  log.warn('a batch lost documents: another run or batch may have taken them', {
    batch: sequence,
    count: ids.length,
    ids: ids.slice(0, LOST_EXAMPLES),
  });
  return true;
}

async function uploadBatch(
  batch: BatchRef,
  ids: readonly string[],
  mode: FetchInput['mode'],
): Promise<UploadResult> {
  const summary = `Upload ${ids.length} documents to the bucket (batch ${batch.sequence})`;
  const options = { summary, priority: priorityOf(mode) };
  return checkResult(
    'uploadDocuments',
    await uploadDocuments.executeWithOptions(options, [{ batch, mode, ids }]),
  );
}

/**
 * Queues what is stored, and releases the batch: documents that it did not reach are free for
 * others. Cannot be cancelled.
 */
async function enqueueBatch(batch: BatchRef, upload: UploadResult): Promise<EnqueueResult> {
  const stored = [...upload.uploaded, ...upload.unchanged];
  const summary = `Queue ${stored.length} documents in files_queue (batch ${batch.sequence})`;
  const result = await CancellationScope.nonCancellable(() =>
    enqueueDocuments.executeWithOptions({ summary, priority: { priorityKey: PRIORITY.enqueue } }, [
      { batch, stored, failures: upload.failures },
    ]),
  );
  return checkResult('enqueueDocuments', result);
}

const NOTHING_QUEUED: EnqueueResult = {
  queued: 0,
  requeued: 0,
  unchanged: 0,
  heldByOtherBucket: 0,
  missing: [],
  lost: [],
};

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
