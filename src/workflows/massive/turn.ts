import { ActivityFailure, ApplicationFailure, isCancellation, log } from '@temporalio/workflow';
import type { BatchRef, FailureDetails, HoldUp, Problem, Totals } from '../../contract/collecting.ts';
import { MAX_BATCH } from '../../contract/limits.ts';
import { collectBatch, fetchBatch } from '../batch.ts';
import { addBatch } from '../totals.ts';
import { isQuotaSpent } from './holdUp.ts';

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
  /** Why the last batch ended early, until a batch succeeds or the pass is complete. */
  holdUp: HoldUp | null;
}

/** How a turn of a lane ended. */
export interface Outcome {
  /** There is nothing to do for this long; 0: there may be more to do now. */
  readonly waitMs: number;
  /** Why the turn ended early. */
  readonly problem?: Problem | undefined;
  /** The pass is not complete: a busy lane may find work before the wait is over. */
  readonly shared: boolean;
  /** Other lanes may find work now: documents were discovered, released or lost, or the quota has room. */
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
    const problem = problemOf(error);
    log.error('a lane waits after a failure that is not retried', {
      problem: error.cause?.message ?? error.message,
    });
    return { waitMs: RETRY_LATER_MS, problem, shared: false, wakesOthers: false };
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
  if (fetched.ids.length === 0) {
    const { waitMs = RETRY_LATER_MS, problem, reason } = fetched;
    if (reason === 'pass') state.holdUp = null;
    return { waitMs, problem, shared: reason === 'enumerating', wakesOthers: found };
  }
  const { upload, enqueued, lost, failure } = await collectBatch(batch, fetched.ids, 'massive');
  state.totals = addBatch(state.totals, upload, enqueued);
  if (failure !== undefined) throw failure;
  const { problem, waitMs } = upload;
  if (problem === undefined || waitMs === undefined) {
    // Lanes that wait for the quota may continue.
    const hasRoomAgain = isQuotaSpent(state.holdUp);
    state.holdUp = null;
    const wakesOthers = found || lost || hasRoomAgain || upload.left.length > 0;
    return { waitMs: 0, shared: false, wakesOthers };
  }
  // With a spent quota, other lanes would find nothing to do either.
  return { waitMs, problem, shared: false, wakesOthers: !isQuotaSpent(problem) };
}

/** The problem that made an activity fail; undefined if no worker of ours has reported it. */
function problemOf({ cause }: ActivityFailure): Problem | undefined {
  if (!(cause instanceof ApplicationFailure)) return undefined;
  const [details] = (cause.details ?? []) as [FailureDetails?];
  return details === undefined
    ? undefined
    : { code: cause.type ?? 'INTERNAL', message: cause.message, at: details.at };
}

/**
 * The first batches are small, so that the first rows are queued within seconds: 25, 50, 100, 100,
 * …
 */
function batchSize(sequence: number): number {
  return Math.min(MAX_BATCH, 25 * 2 ** Math.min(sequence - 1, 2));
}
