import { condition } from '@temporalio/workflow';
import { collectBatch, type BatchOutcome } from '../batch.ts';
import { addBatch } from '../totals.ts';
import { problemOf } from './holdUp.ts';
import { RETRY_LATER_MS, type ReadyBatch, type RunState } from './state.ts';

interface Lane {
  readonly state: RunState;
  /** Whether this lane must end: the run ends, or its index is not wanted any more. */
  readonly mustEnd: () => boolean;
  readonly paused: () => boolean;
  /** Shows the state in the Web UI. */
  readonly show: () => void;
}

/** Collects ready batches, one after the other, until the lane must end. */
export async function runLane({ state, mustEnd, paused, show }: Lane): Promise<void> {
  while (!mustEnd()) {
    // Another lane may have taken the batch that ended the wait.
    const batch = paused() ? undefined : state.takeReady();
    if (batch === undefined) {
      await condition(() => mustEnd() || (!paused() && state.mayBegin()));
      continue;
    }
    show();
    try {
      await collect(state, batch);
    } finally {
      state.ended(batch);
      show();
    }
  }
}

async function collect(state: RunState, { ref, ids }: ReadyBatch): Promise<void> {
  const outcome = await collectBatch(ref, ids, 'massive');
  const { upload, enqueued, lost, failure } = outcome;
  state.totals = addBatch(state.totals, upload, enqueued);
  state.rate.ended(upload);
  if (lost || upload.left.length > 0) state.recheck = true;
  if (failure !== undefined) {
    state.rest(problemOf(failure), RETRY_LATER_MS);
  } else if (upload.problem !== undefined && upload.waitMs !== undefined) {
    state.rest(upload.problem, upload.waitMs);
  } else if (didSomething(outcome)) {
    state.succeeded();
  }
}

/** A batch that has lost all its documents says nothing about the services. */
function didSomething({ upload }: BatchOutcome): boolean {
  return upload.uploaded.length + upload.unchanged.length + upload.failures.length > 0;
}
