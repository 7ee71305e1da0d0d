import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { NO_TOTALS, type MaintenanceInput, type MaintenanceResult } from '../contract/collecting.ts';
import { setState, withEndState } from './attributes.ts';
import { MAX_BATCH } from '../contract/limits.ts';
import { collectBatch, fetchBatches } from './batch.ts';
import { checkInput, collectionName, list, optional, text, wholeNumber } from './input.ts';
import { markdownTable, totalRows } from './display.ts';
import { explainUnknownMessages } from './unknownMessages.ts';
import { addBatch } from './totals.ts';

/** The database accepts this many sources, with names of this length. */
const [MAX_SOURCES, MAX_NAME] = [1_000, 200];

/**
 * One MAINTENANCE run of a collection: collects recent documents, at most `limit`. A Temporal
 * Schedule or an operator starts it. Two concurrent runs share the documents between them.
 *
 * @throws ApplicationFailure `CONFIG_INVALID` if the input is wrong
 */
export function collectMaintenance(input: MaintenanceInput): Promise<MaintenanceResult> {
  return withEndState(() => collect(input));
}

async function collect(input: MaintenanceInput): Promise<MaintenanceResult> {
  checkInput(input, {
    collection: collectionName,
    sources: optional(list(text({ min: 1, max: MAX_NAME }), { min: 1, max: MAX_SOURCES })),
    limit: wholeNumber({ min: 1, max: MAX_BATCH }),
  });
  explainUnknownMessages([], setCurrentDetails);
  const { workflowId, runId } = workflowInfo();
  const batch = { collection: input.collection, workflow: workflowId, run: runId, sequence: 1 };
  const fetched = await fetchBatches({
    batch,
    limit: input.limit,
    mode: 'maintenance',
    sources: input.sources,
  });
  const { upload, enqueued, failure } = await collectBatch(batch, fetched.batches.at(0) ?? [], 'maintenance');
  const totals = addBatch({ ...NO_TOTALS, discovered: fetched.discovered }, upload, enqueued);
  const problem = upload.problem ?? fetched.problem;
  setCurrentDetails(
    problem === undefined
      ? markdownTable(totalRows(totals))
      : `Ended early: ${problem.code}: ${problem.message}\n\n${markdownTable(totalRows(totals))}`,
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
