import type { EnqueueResult, Totals, UploadResult } from '../contract/collecting.ts';

/** `totals` after one more batch. */
export function addBatch(totals: Totals, upload: UploadResult, enqueue: EnqueueResult): Totals {
  return {
    batches: totals.batches + 1,
    discovered: totals.discovered,
    uploaded: totals.uploaded + upload.uploaded.length,
    unchanged: totals.unchanged + upload.unchanged.length,
    queued: totals.queued + enqueue.queued,
    requeued: totals.requeued + enqueue.requeued,
    failedAttempts: totals.failedAttempts + upload.failures.length,
    bytes: totals.bytes + upload.bytes,
  };
}
