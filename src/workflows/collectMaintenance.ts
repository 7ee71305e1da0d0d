import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { NO_TOTALS, type MaintenanceInput, type MaintenanceResult } from '../contract/collecting.ts';
import { setState, withEndState } from './attributes.ts';
import { collectBatch, fetchBatch } from './batch.ts';
import { totalsTable } from './display.ts';
import { addBatch } from './totals.ts';

/**
 * One MAINTENANCE run of a collection: collects recent documents, at most `limit`. A Temporal
 * Schedule or an operator starts it. Two concurrent runs share the documents between them.
 */
export function collectMaintenance(input: MaintenanceInput): Promise<MaintenanceResult> {
  return withEndState(() => collect(input));
}

async function collect(input: MaintenanceInput): Promise<MaintenanceResult> {
  const { workflowId, runId } = workflowInfo();
  const batch = { collection: input.collection, workflow: workflowId, run: runId, sequence: 1 };
  const fetched = await fetchBatch({
    batch,
    limit: input.limit,
    mode: 'maintenance',
    sources: input.sources,
  });
  const { upload, enqueued, failure } = await collectBatch(batch, fetched.ids, 'maintenance');
  const totals = addBatch({ ...NO_TOTALS, discovered: fetched.discovered }, upload, enqueued);
  const problem = upload.problem ?? fetched.problem;
  setCurrentDetails(
    problem === undefined
      ? totalsTable(totals)
      : `Ended early: ${problem.code}: ${problem.message}\n\n${totalsTable(totals)}`,
  );
  if (failure !== undefined) throw failure;
  setState(problem === undefined ? 'completed' : 'incomplete');
  return {
    collection: input.collection,
    totals,
    quotaSpent: fetched.reason === 'quota' || upload.problem?.code === 'QUOTA_SPENT',
    problem,
  };
}
