import type { SearchAttributePair } from '@temporalio/common';
import { makeContinueAsNewFunc, workflowInfo, type Workflow } from '@temporalio/workflow';
import { COLLECTION_ATTRIBUTE, setState, STATE_ATTRIBUTE } from './attributes.ts';

/**
 * Half of the events at which the server suggests continue-as-new. The server's limit is 51,200.
 */
const MAX_EVENTS = 2_000;
const MAX_HISTORY_BYTES = 2_000_000;

/**
 * Whether it is time to continue as new: the history is long, or workers of another build have
 * become current (worker versioning).
 */
export function mustContinue(maxEvents = MAX_EVENTS): boolean {
  const { continueAsNewSuggested, historyLength, historySize, targetWorkerDeploymentVersionChanged } =
    workflowInfo();
  return (
    continueAsNewSuggested ||
    targetWorkerDeploymentVersionChanged ||
    historyLength > maxEvents ||
    historySize > MAX_HISTORY_BYTES
  );
}

/**
 * Ends this run, whose state becomes `continued`. A new run begins with `input`, the state of this
 * one, and the current build of the workers (experimental in SDK 1.24).
 */
export function continueWith<F extends Workflow>(...input: Parameters<F>): Promise<never> {
  const { typedSearchAttributes } = workflowInfo();
  const attributes: SearchAttributePair[] = [COLLECTION_ATTRIBUTE, STATE_ATTRIBUTE].flatMap((key) => {
    const value = typedSearchAttributes.get(key);
    return value === undefined ? [] : [{ key, value }];
  });
  setState('continued');
  return makeContinueAsNewFunc<F>({
    typedSearchAttributes: attributes,
    initialVersioningBehavior: 'AUTO_UPGRADE',
  })(...input);
}
