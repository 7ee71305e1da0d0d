import {
  ActivityFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  isCancellation,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  MAX_BATCH,
  NO_TOTALS,
  type FetchResult,
  type MassiveInput,
  type MassiveProgress,
} from '../../contract/collecting.ts';
import { QUERIES, type CollectionState } from '../../contract/names.ts';
import { collectBatch, fetchBatch } from '../batch.ts';
import { createDisplay } from '../display.ts';
import { historyIsLong } from '../history.ts';
import { LaneSet } from './lanes.ts';
import { registerUpdateHandlers, initialOperatorState } from '../operator.ts';
import { addBatch } from '../totals.ts';

const progressQuery = defineQuery<MassiveProgress>(QUERIES.progress);

/**
 * A run that ends waits this long for its batches. One that an outage holds up is then handed back: it must not keep the
 * others waiting, nor the history growing. Longer than any batch that is served.
 */
const DRAIN_MS = 10 * 60_000;

/** After a failure that no retry mends, a lane looks again when this time is over, or an operator says something. */
const LANE_REST_MS = 5 * 60_000;

/**
 * While others are at work, an idle lane waits for their news, and looks by itself after this long only. The last one
 * to become idle keeps the clock: it looks again after 2 s, 4 s, … up to a minute, or when it was told that there may be
 * work. So the end of a pass costs a look a lane, however long its last batch takes.
 */
const NEWS_MS = 5 * 60_000;
const MAX_IDLE_MS = 60_000;

/** No wait is longer than a day, whatever an answer says. */
const MAX_WAIT_MS = 86_400_000;

/** What a batch came to. */
interface Outcome {
  /** There is nothing more to do for so long; 0: there may be. */
  readonly waitMs: number;
  /** What the lane is in the meantime. */
  readonly state: CollectionState;
  /** Others are at work, and may find something earlier. */
  readonly shared: boolean;
  /** Other lanes should look: documents were found, handed back, or lost. */
  readonly news: boolean;
}

/**
 * MASSIVE: collects a collection for ever, pass after pass, in lanes. A lane takes a batch, uploads it, queues it, and
 * takes the next; lanes never wait for each other. What remains to be done is in Postgres, so this workflow holds only
 * what the operator set and what people like to see, and may be ended and started anew at any time.
 *
 * The run continues as new when its history has grown: lanes end their batch and take no other, and every Update that
 * was accepted is answered before.
 */
export async function collectMassive(input: MassiveInput): Promise<MassiveProgress> {
  const { workflowId, runId } = workflowInfo();
  const { collection } = input;
  const runs = (input.runs ?? 0) + 1;
  const operator = initialOperatorState(input.controls, input.pauseReason);
  let totals = input.totals ?? NO_TOTALS;
  let pass = input.pass ?? 0;
  let sequence = input.sequence ?? 0;
  let busy = 0;
  /**
   * Counts whatever may end a lane's rest: documents found, handed back or lost, an operator's
   * word.
   */
  let news = 0;
  let idleState: CollectionState = 'waiting';
  let lastProblem: string | undefined;
  const work = new CancellationScope();
  const display = createDisplay();

  const progress = (): MassiveProgress => {
    const state = busy > 0 ? 'collecting' : idleState;
    return {
      collection,
      state: operator.stopping ? 'stopping' : operator.controls.paused ? 'paused' : state,
      controls: operator.controls,
      pass,
      busy,
      totals,
      runs,
    };
  };
  const show = (): void =>
    display(progress(), [
      ...(operator.pauseReason === '' ? [] : [`Paused: ${operator.pauseReason}`]),
      ...(lastProblem === undefined ? [] : [`Last problem: ${lastProblem}`]),
    ]);

  setHandler(progressQuery, progress);
  registerUpdateHandlers(collection, operator, {
    answer: progress,
    onUpdate: () => {
      news += 1;
      if (operator.stopping) work.cancel();
      show();
    },
  });

  const leaving = (): boolean =>
    operator.stopping || work.consideredCancelled || historyIsLong(input.maxEvents);

  const nextBatch = async (): Promise<Outcome> => {
    sequence += 1;
    const batch = { collection, workflow: workflowId, run: runId, sequence };
    const fetched = await fetchBatch({ batch, limit: batchSize(sequence), mode: 'massive' });
    totals = { ...totals, discovered: totals.discovered + fetched.discovered };
    pass = fetched.pass ?? pass;
    const found = fetched.discovered > 0;
    if (fetched.ids.length === 0) return outcome(fetched.waitMs ?? LANE_REST_MS, fetched.reason, found);
    const { upload, enqueued, lost, failure } = await collectBatch(batch, fetched.ids, 'massive');
    totals = addBatch(totals, upload, enqueued);
    if (failure !== undefined) throw failure;
    lastProblem = upload.problem;
    if (upload.waitMs === undefined) return outcome(0, undefined, found || lost || upload.left.length > 0);
    // With a spent quota, lanes would wake each other for nothing.
    return upload.problem === undefined
      ? outcome(upload.waitMs, 'quota')
      : outcome(upload.waitMs, undefined, true);
  };

  /** A batch, and whatever may go wrong with it. */
  const attempt = async (): Promise<Outcome> => {
    busy += 1;
    show();
    try {
      return await nextBatch();
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      lastProblem = error.cause?.message ?? error.message;
      log.error('a lane rests after a failure that no retry mends', { problem: lastProblem });
      return outcome(LANE_REST_MS);
    } finally {
      busy -= 1;
    }
  };

  const lane = async (index: number): Promise<void> => {
    const dismissed = (): boolean => leaving() || index >= operator.controls.lanes;
    let idleMs = 0;
    while (!dismissed()) {
      if (operator.controls.paused) {
        show();
        await condition(() => !operator.controls.paused || dismissed());
        continue;
      }
      const before = news;
      const { waitMs, state, shared, news: mine } = await attempt();
      if (mine) news += 1;
      // What others said while this lane was looking counts.
      const seen = before + (mine ? 1 : 0);
      if (waitMs === 0) {
        idleMs = 0;
        continue;
      }
      idleState = state;
      show();
      idleMs = Math.max(waitMs, Math.min(idleMs * 2, MAX_IDLE_MS));
      const restMs = shared && busy > 0 ? NEWS_MS : Math.min(idleMs, MAX_WAIT_MS);
      await condition(() => news !== seen || dismissed(), restMs);
    }
  };

  const lanes = new LaneSet({
    wanted: () => operator.controls.lanes,
    leaving,
    run: lane,
    overdue: () => work.cancel(),
    patienceMs: DRAIN_MS,
  });
  show();
  try {
    await work.run(() => lanes.supervise());
  } catch (error) {
    if (!isCancellation(error)) throw error;
  }
  await CancellationScope.nonCancellable(async () => {
    await lanes.ended();
    await condition(allHandlersFinished);
  });
  if (operator.stopping) return progress();
  // Not the run's own doing: somebody cancelled the workflow.
  const root = CancellationScope.current();
  if (root.consideredCancelled) await root.cancelRequested;
  return continueAsNew<typeof collectMassive>({
    ...input,
    controls: operator.controls,
    pauseReason: operator.pauseReason,
    totals,
    pass,
    sequence,
    runs,
  });
}

/** The first batches are small, so that the first rows are queued within seconds: 25, 50, 100, 100, … */
function batchSize(sequence: number): number {
  return Math.min(MAX_BATCH, 25 * 2 ** Math.min(sequence - 1, 2));
}

function outcome(waitMs: number, reason?: FetchResult['reason'], news = false): Outcome {
  return { waitMs, state: reason === 'quota' ? 'quota' : 'waiting', shared: reason === 'enumerating', news };
}
