import { workflowInfo } from '@temporalio/workflow';

/**
 * Half of the events at which the server suggests continue-as-new. The server's limit is 51,200.
 */
const MAX_EVENTS = 2_000;
const MAX_HISTORY_BYTES = 2_000_000;

/** Whether it is time to continue as new. */
export function historyIsLong(maxEvents = MAX_EVENTS): boolean {
  const { continueAsNewSuggested, historyLength, historySize } = workflowInfo();
  return continueAsNewSuggested || historyLength > maxEvents || historySize > MAX_HISTORY_BYTES;
}
