import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { ContinueAsNew, isCancellation, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { EndState, WorkflowState } from '../contract/names.ts';

/** The state of a workflow; see `SEARCH_ATTRIBUTES` in contract/names.ts. */
export const STATE_ATTRIBUTE = defineSearchAttributeKey('LegisyncState', SearchAttributeType.KEYWORD);

/** Sets the state. Each call adds an event to the history and a write to the visibility store. */
export function setState(state: WorkflowState): void {
  upsertSearchAttributes([{ key: STATE_ATTRIBUTE, value: state }]);
}

/**
 * Returns a {@link setState} that does nothing if the run has the state already: from its start, or
 * from the run that continued as new.
 */
export function createStateSetter(): (state: WorkflowState) => void {
  let current: string | undefined = workflowInfo().typedSearchAttributes.get(STATE_ATTRIBUTE);
  return (state) => {
    if (state !== current) setState(state);
    current = state;
  };
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
