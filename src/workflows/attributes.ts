import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { BackfillState, CoherenceState, CollectionState } from '../contract/names.ts';

/** The state of a workflow; see `SEARCH_ATTRIBUTES` in contract/names.ts. */
export const STATE_ATTRIBUTE = defineSearchAttributeKey('LegisyncState', SearchAttributeType.KEYWORD);

type State = CollectionState | BackfillState | CoherenceState;

/** Sets the state. Each call adds an event to the history and a write to the visibility store. */
export function setState(state: State): void {
  upsertSearchAttributes([{ key: STATE_ATTRIBUTE, value: state }]);
}

/** Returns a {@link setState} that does nothing if the state is the one it set last. */
export function createStateSetter(): (state: State) => void {
  let current: State | undefined;
  return (state) => {
    if (state !== current) setState(state);
    current = state;
  };
}
