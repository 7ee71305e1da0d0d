import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import {
  NO_TOTALS,
  type MaintenanceInput,
  type MaintenanceResult,
  type UploadResult,
} from '../contract/messages.ts';
import { enqueueBatch, fetchBatch, uploadBatch } from './batch.ts';
import { totalsTable } from './display.ts';
import { addBatch } from './totals.ts';

/** A batch that is handed back by stopping workers goes on with the next worker, this many times at most. */
const MAX_HAND_OVERS = 20;

/**
 * One MAINTENANCE run of a collection: what is fresh, at most `limit` documents. Started by a Temporal Schedule or by
 * hand; two runs at once share the documents between them.
 */
export async function collectMaintenance(input: MaintenanceInput): Promise<MaintenanceResult> {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const batch = { collection: input.collection, owner: workflowId, chain: firstExecutionRunId, sequence: 1 };
  const fetched = await fetchBatch({
    batch,
    limit: input.limit,
    mode: 'maintenance',
    sources: input.sources,
  });

  let upload: UploadResult = { uploaded: [], unchanged: [], failures: [], left: fetched.ids, bytes: 0 };
  for (
    let turn = 0;
    upload.left.length > 0 && upload.waitMs === undefined && turn < MAX_HAND_OVERS;
    turn += 1
  ) {
    const more = await uploadBatch(batch, upload.left, 'maintenance');
    upload = {
      uploaded: [...upload.uploaded, ...more.uploaded],
      unchanged: [...upload.unchanged, ...more.unchanged],
      failures: [...upload.failures, ...more.failures],
      left: more.left,
      waitMs: more.waitMs,
      bytes: upload.bytes + more.bytes,
    };
  }
  const enqueued = await enqueueBatch(batch, upload);
  const totals = addBatch({ ...NO_TOTALS, discovered: fetched.discovered }, upload, enqueued);
  setCurrentDetails(totalsTable(totals));
  return {
    collection: input.collection,
    totals,
    quotaSpent: fetched.reason === 'quota' || upload.waitMs !== undefined,
  };
}
