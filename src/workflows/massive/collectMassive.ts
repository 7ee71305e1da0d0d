import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { NO_TOTALS, type MassiveInput, type MassiveProgress } from '../../contract/collecting.ts';
import { QUERIES, type CollectionState } from '../../contract/names.ts';
import { historyIsLong } from '../history.ts';
import { createDisplay } from './display.ts';
import { isQuotaSpent } from './holdUp.ts';
import { runLane } from './lane.ts';
import { LaneSet } from './lanes.ts';
import { initialOperatorState, registerUpdateHandlers } from './operator.ts';
import { takeTurn, type RunState } from './turn.ts';

const progressQuery = defineQuery<MassiveProgress>(QUERIES.progress);

/**
 * A run that drains waits this long for its batches. Longer than any batch takes while the services
 * answer. Shorter would interrupt good batches. Longer would let an outage that holds up one batch
 * keep the other lanes idle, and let the history grow.
 */
const DRAIN_MS = 10 * 60_000;

/**
 * MASSIVE collects a collection without end, pass after pass, in lanes.
 *
 * A lane is a loop. In each turn it fetches a batch, uploads it and queues it (../batch.ts). Lanes
 * never wait for each other, so a slow batch delays its own lane only (docs/adr/0001). What remains
 * to be done is in Postgres. The workflow holds the operator's settings and the figures for the Web
 * UI, so it can be terminated and started again at any time.
 *
 *
 * ## The states of a lane (lane.ts)
 *
 *                  LaneSet starts the lane
 *                             |
 *                             v
 *                  +---------------------+   must end
 *       +--------> |        CHECK        | ------------> ENDED
 *       |          +---------------------+
 *       |             |         |      ^
 *       |      paused |         |      | there may be more to do
 *       |             v         v      |
 *       |        +--------+  +------------+
 *       |        | PAUSED |  | COLLECTING |
 *       |        +--------+  +------------+
 *       |             |            |
 *       |<------------+            | nothing to do for some time
 *       |   resume, must end       v
 *       |                    +------------+
 *       |<-------------------|  WAITING   |
 *            time is over,   +------------+
 *            wake-up, must end
 *
 * CHECK decides what is next, and costs no event. A lane must end if the run ends, or if
 * `setLanes` made the number of lanes so small that its index is not wanted any more.
 *
 * COLLECTING is one turn: one batch. Only these lanes count as busy. Neither `pause` nor a smaller
 * number of lanes interrupts a batch: it ends within about a minute, and documents that it released
 * would have to be fetched again. While an activity fails, Temporal retries it without limit, and
 * the lane stays in this state, unless the failure must not be retried (../proxies.ts).
 *
 * WAITING is a timer that a wake-up ends. Each re-check is an activity and adds events to the
 * history, so a lane must not re-check often. How long it waits depends on how its turn ended:
 *
 * - The pass is not complete, and another lane is busy: five minutes. The busy lane sends a wake-up
 *   if it finds work, so the timer is only a safeguard. At the end of a pass each lane re-checks
 *   once, however long the last batch takes. The last lane to become idle does the polling.
 * - The pass is not complete, and no lane is busy: as long as the database says, about 2 s.
 * - The pass is complete: until the next one begins.
 * - The quota is spent: until it has room. Lane 0 asks again every 15 minutes, so that a raised
 *   quota takes effect soon after the workers' restart, and sends a wake-up if there is room.
 * - An outage ended the batch early: as long as the failure asks for, at least ten seconds.
 * - An activity failed and must not be retried: five minutes.
 *
 * If turn after turn finds nothing to do, waits below a minute double up to a minute. No wait is
 * longer than a day.
 *
 * PAUSED has no timer. An ENDED lane does not return: LaneSet starts a new one if the index is
 * wanted again (lanes.ts).
 *
 *
 * ## What wakes which lane
 *
 * `wakeUps` counts the events that may give idle lanes something to do:
 *
 * - a turn discovered documents;
 * - a batch succeeded after the quota was spent;
 * - a batch ended, and some of its documents are free for others: it did not reach them, an outage
 *   interrupted it, or it lost them. Not if the quota is spent, which stops all lanes;
 * - the operator sent an Update.
 *
 * A wake-up ends the wait of every WAITING lane. It is a counter and not a flag, because a lane
 * compares it with the value from before its turn: a wake-up that came during the turn counts, and
 * the lane does not wait. Its own wake-up is left out. Otherwise it would wake itself, and re-check
 * without a wait.
 *
 *
 * ## How a run ends
 *
 *   what happens              batches                        the workflow
 *   ------------------------  -----------------------------  -----------------------------
 *   the history is long       finish (drain)                 continues as new
 *   a drain is overdue        are cancelled after DRAIN_MS   continues as new
 *   the Update `stop`         are cancelled at once          completes with its progress
 *   a client cancels it       are cancelled at once          ends as cancelled
 *   a client terminates it    end by their heartbeats        is gone; a new run takes over
 *   a bug in workflow code    continue                       waits for a worker with the fix
 *
 * In the first four cases no lane takes another batch. A drain ends lanes at CHECK; a cancellation
 * ends them in any state. A cancelled batch queues what it uploaded and releases the rest
 * (../batch.ts). The run ends when all lanes have ended and each accepted Update is answered.
 */
export async function collectMassive(input: MassiveInput): Promise<MassiveProgress> {
  const { workflowId, runId } = workflowInfo();
  const { collection } = input;
  const runs = (input.runs ?? 0) + 1;
  const operator = initialOperatorState(input.controls, input.pauseReason);
  const state: RunState = {
    totals: input.totals ?? NO_TOTALS,
    pass: input.pass ?? 0,
    sequence: input.sequence ?? 0,
    busy: 0,
    wakeUps: 0,
    holdUp: input.holdUp ?? null,
  };
  const root = CancellationScope.current();
  const work = new CancellationScope();
  let ended = false;
  const display = createDisplay();

  const stateNow = (): CollectionState => {
    if (operator.stopping || root.consideredCancelled) return ended ? 'stopped' : 'stopping';
    const isBusy = state.busy > 0;
    if (operator.controls.paused) return isBusy ? 'pausing' : 'paused';
    if (state.holdUp !== null) return isQuotaSpent(state.holdUp) ? 'quota' : 'failing';
    return isBusy ? 'collecting' : 'waiting';
  };
  const progress = (): MassiveProgress => {
    const { totals, pass, busy, holdUp } = state;
    return {
      collection,
      state: stateNow(),
      controls: operator.controls,
      pass,
      busy,
      totals,
      runs,
      pauseReason: operator.pauseReason,
      holdUp,
    };
  };
  const show = (): void => display(progress());

  setHandler(progressQuery, progress);
  registerUpdateHandlers(collection, operator, {
    answer: progress,
    onUpdate: () => {
      state.wakeUps += 1;
      if (operator.stopping) work.cancel();
      show();
    },
  });

  const leaving = (): boolean =>
    operator.stopping || work.consideredCancelled || historyIsLong(input.maxEvents);
  const batch = { collection, workflow: workflowId, run: runId };
  const lanes = new LaneSet({
    wanted: () => operator.controls.lanes,
    leaving,
    run: (index) =>
      runLane({
        state,
        mustEnd: () => leaving() || index >= operator.controls.lanes,
        paused: () => operator.controls.paused,
        asksForQuota: index === 0,
        turn: () => takeTurn({ state, batch, show }),
        show,
      }),
    overdue: () => work.cancel(),
    drainMs: DRAIN_MS,
  });
  show();
  try {
    await work.run(() => lanes.supervise());
  } catch (error) {
    if (!isCancellation(error)) throw error;
  }
  show();
  await CancellationScope.nonCancellable(async () => {
    await lanes.ended();
    await condition(allHandlersFinished);
  });
  if (operator.stopping || root.consideredCancelled) {
    ended = true;
    show();
    // Throws: a workflow that a client cancelled ends as cancelled.
    if (!operator.stopping) await root.cancelRequested;
    return progress();
  }
  return continueAsNew<typeof collectMassive>({
    ...input,
    controls: operator.controls,
    pauseReason: operator.pauseReason,
    totals: state.totals,
    pass: state.pass,
    sequence: state.sequence,
    holdUp: state.holdUp,
    runs,
  });
}
