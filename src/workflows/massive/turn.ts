import { ActivityFailure, isCancellation, log } from '@temporalio/workflow';
import type { BatchRef, FetchResult, Totals } from '../../contract/collecting.ts';
import type { CollectionState } from '../../contract/names.ts';
import { MAX_BATCH } from '../../contract/limits.ts';
import { collectBatch, fetchBatch } from '../batch.ts';
import { addBatch } from '../totals.ts';

/**
 * Until a lane tries again after a failure that Temporal does not retry. An Update ends the wait.
 */
const RETRY_LATER_MS = 5 * 60_000;

/** What the lanes of a run share. */
export interface RunState {
  totals: Totals;
  pass: number;
  /** Number of the last batch; counts on over all runs of the workflow. */
  sequence: number;
  /** Lanes that process a batch now. */
  busy: number;
  /** Counts the events that end the wait of an idle lane. */
  wakeUps: number;
  /** Shown while no lane is busy. */
  idleState: CollectionState;
  lastProblem: string | undefined;
}

/** How a turn of a lane ended. */
export interface Outcome {
  /** There is nothing to do for this long; 0: there may be more to do now. */
  readonly waitMs: number;
  /** The state of a lane that waits. */
  readonly state: CollectionState;
  /** The pass is not complete: a busy lane may find work before the wait is over. */
  readonly shared: boolean;
  /** Other lanes may find work now: documents were discovered, released or lost. */
  readonly wakesOthers: boolean;
}

interface Turn {
  readonly state: RunState;
  readonly batch: Omit<BatchRef, 'sequence'>;
  /** Shows the state in the Web UI. */
  readonly show: () => void;
}

/** One batch of one lane. A failure becomes an outcome; a cancellation is thrown. */
export async function takeTurn({ state, batch, show }: Turn): Promise<Outcome> {
  state.busy += 1;
  show();
  try {
    return await nextBatch(state, batch);
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    state.lastProblem = error.cause?.message ?? error.message;
    log.error('a lane waits after a failure that is not retried', { problem: state.lastProblem });
    return outcome(RETRY_LATER_MS);
  } finally {
    state.busy -= 1;
  }
}

async function nextBatch(state: RunState, ref: Turn['batch']): Promise<Outcome> {
  state.sequence += 1;
  const batch: BatchRef = { ...ref, sequence: state.sequence };
  const fetched = await fetchBatch({ batch, limit: batchSize(batch.sequence), mode: 'massive' });
  state.totals = { ...state.totals, discovered: state.totals.discovered + fetched.discovered };
  state.pass = fetched.pass ?? state.pass;
  const found = fetched.discovered > 0;
  if (fetched.ids.length === 0) return outcome(fetched.waitMs ?? RETRY_LATER_MS, fetched.reason, found);
  const { upload, enqueued, lost, failure } = await collectBatch(batch, fetched.ids, 'massive');
  state.totals = addBatch(state.totals, upload, enqueued);
  if (failure !== undefined) throw failure;
  state.lastProblem = upload.problem;
  if (upload.waitMs === undefined) return outcome(0, undefined, found || lost || upload.left.length > 0);
  // With a spent quota, other lanes would find nothing to do either.
  return upload.problem === undefined
    ? outcome(upload.waitMs, 'quota')
    : outcome(upload.waitMs, undefined, true);
}

/**
 * The first batches are small, so that the first rows are queued within seconds: 25, 50, 100, 100,
 * …
 */
function batchSize(sequence: number): number {
  return Math.min(MAX_BATCH, 25 * 2 ** Math.min(sequence - 1, 2));
}

function outcome(waitMs: number, reason?: FetchResult['reason'], wakesOthers = false): Outcome {
  return {
    waitMs,
    state: reason === 'quota' ? 'quota' : 'waiting',
    shared: reason === 'enumerating',
    wakesOthers,
  };
}
