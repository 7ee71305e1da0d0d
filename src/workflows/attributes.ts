import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { ContinueAsNew, isCancellation, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { EndState, WorkflowState } from '../contract/names.ts';

/** See `SEARCH_ATTRIBUTES` in contract/names.ts. */
export const COLLECTION_ATTRIBUTE = defineSearchAttributeKey(
  'LegisyncCollection',
  SearchAttributeType.KEYWORD,
);
export const STATE_ATTRIBUTE = defineSearchAttributeKey('LegisyncState', SearchAttributeType.KEYWORD);

/**
 * Sets the state, if it is another one. A change adds an event to the history and a write to the
 * visibility store.
 */
export function setState(state: WorkflowState): void {
  if (workflowInfo().typedSearchAttributes.get(STATE_ATTRIBUTE) === state) return;
  upsertSearchAttributes([{ key: STATE_ATTRIBUTE, value: state }]);
}

/**
 * Runs the whole of a workflow. If it ends with an error, the state says so: otherwise a workflow
 * that has ended would still be shown as `collecting` or `checking`.
 */
export async function withEndState<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    const state: EndState = isCancellation(error) ? 'stopped' : 'failed';
    if (!(error instanceof ContinueAsNew)) setState(state);
    throw error;
  }
}
