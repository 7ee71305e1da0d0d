import { CancellationScope } from '@temporalio/workflow';
import type { BatchRef, EnqueueResult, FetchInput, FetchResult, UploadResult } from '../contract/messages.ts';
import { PRIORITY } from '../contract/names.ts';
import { enqueueDocuments, fetchDocuments, uploadDocuments } from './proxies.ts';

/** The three steps of a batch, with what the Web UI shows of each. */

export function fetchBatch(input: FetchInput): Promise<FetchResult> {
  const { collection, sequence } = input.batch;
  const options = {
    summary: `Next documents of ${collection} (batch ${sequence})`,
    priority: priorityOf(input.mode),
  };
  return fetchDocuments.executeWithOptions(options, [input]);
}

export function uploadBatch(
  batch: BatchRef,
  ids: readonly string[],
  mode: FetchInput['mode'],
): Promise<UploadResult> {
  const summary = `${ids.length} documents to the bucket (batch ${batch.sequence})`;
  return uploadDocuments.executeWithOptions({ summary, priority: priorityOf(mode) }, [{ batch, mode, ids }]);
}

/** Not cancellable: what was uploaded is queued, whatever else stops. */
export function enqueueBatch(batch: BatchRef, upload: UploadResult): Promise<EnqueueResult> {
  const stored = [...upload.uploaded, ...upload.unchanged];
  const summary = `${stored.length} documents to files_queue (batch ${batch.sequence})`;
  return CancellationScope.nonCancellable(() =>
    enqueueDocuments.executeWithOptions({ summary }, [{ batch, stored, failures: upload.failures }]),
  );
}

function priorityOf(mode: FetchInput['mode']): { priorityKey: number } {
  return { priorityKey: PRIORITY[mode] };
}
