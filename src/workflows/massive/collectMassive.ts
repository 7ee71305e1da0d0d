import {
  allHandlersFinished,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { MassiveInput, MassiveProgress } from '../../contract/collecting.ts';
import { QUERIES, SIGNALS, UPDATES, type CollectionState } from '../../contract/names.ts';
import { releaseBatch } from '../batch.ts';
import { withEndState } from '../attributes.ts';
import { continueWith, mustContinue } from '../continuing.ts';
import { explainUnknownMessages } from '../unknownMessages.ts';
import { display } from './display.ts';
import { runFeeder } from './feeder.ts';
import { isQuotaSpent } from './holdUp.ts';
import { checkMassiveInput } from './input.ts';
import { runLane } from './lane.ts';
import { LaneSet } from './lanes.ts';
import { initialOperatorState, registerUpdateHandlers } from './operator.ts';
import { RunState } from './state.ts';

const progressQuery = defineQuery<MassiveProgress>(QUERIES.progress);
const newBuildSignal = defineSignal(SIGNALS.newBuild);

/**
 * A run that drains waits this long for its batches. Longer than any batch takes while the services
 * answer. Shorter would interrupt good batches. Longer would let an outage that holds up one batch
 * keep the other lanes idle, and let the history grow.
 */
const DRAIN_MS = 10 * 60_000;

/**
 * MASSIVE collects a collection without end, pass after pass.
 *
 * One feeder (feeder.ts) fetches batches and puts them into a queue. Several lanes (lane.ts) take
 * batches from the queue, upload them and queue their files (../batch.ts). Lanes never wait for each
 * other, so a slow batch delays its own lane only (docs/adr/0001). What remains to be done is in
 * Postgres. The workflow holds the operator's settings and the figures for the Web UI, so it can be
 * terminated and started again at any time.
 *
 *       +--------+    ready batches    +--------+
 *       | feeder | ------------------> | lane 0 |
 *       +--------+           |         +--------+
 *                            |         +--------+
 *                            +-------> | lane 1 |   …
 *                                      +--------+
 *
 *
 * ## What the feeder does
 *
 * - The queue is empty, and nothing holds up the run: it fetches, for all lanes at once. It does so
 *   while the lanes are busy, so that they find the next batches ready.
 * - A fetch found nothing, but batches in progress hold the rest of the pass: it waits until the
 *   lanes are idle, at most five minutes.
 * - A fetch found nothing, and no lane is busy: it waits as long as the database says. Waits below a
 *   minute double up to a minute while nothing is found. No wait is longer than a day.
 *
 * A fetch is an activity and adds events to the history, so the feeder must not fetch often. Two
 * things end its wait: an Update, and documents that a batch gave back (it did not reach them, or it
 * has lost them).
 *
 *
 * ## What holds up a run
 *
 * A problem is an outage that ended a batch early, a listing that failed, a spent quota, or an
 * activity that failed and must not be retried. While Temporal retries an activity, there is no
 * problem: its lane stays busy, and the other lanes continue.
 *
 * After a problem, nothing is fetched or begun for some time (state.ts): as long as the failure asks
 * for, five minutes if it must not be retried, 15 minutes at most if the quota is spent, so that a
 * raised quota takes effect soon after the workers' restart. Then one batch at a time tries. As soon
 * as any batch succeeds, all lanes continue. An Update ends the rest at once.
 *
 *
 * ## Pause, fewer lanes, the end
 *
 * Neither `pause` nor a smaller number of lanes interrupts a batch: it ends within about a minute,
 * and documents that it released would have to be fetched again. While a run is paused, its ready
 * batches stay. If their leases end meanwhile, their documents count as lost and are fetched again.
 *
 *   what happens              batches in progress            the workflow
 *   ------------------------  -----------------------------  -----------------------------
 *   the history is long       finish (drain)                 continues as new
 *   another build is current  finish (drain)                 continues as new, on that build
 *   a drain is overdue        are cancelled after DRAIN_MS   continues as new
 *   the Update `stop`         are cancelled at once          completes with its progress
 *   a client cancels it       are cancelled at once          ends as cancelled
 *   a client terminates it    end by their heartbeats        is gone; a new run takes over
 *   a bug in workflow code    continue                       waits for a worker with the fix
 *
 * In the first five cases nothing is fetched or begun any more. A cancelled batch queues what it
 * uploaded and releases the rest (../batch.ts). Ready batches are released, except if the workflow
 * continues as new: the next run takes what this run held. The run ends when the feeder and all
 * lanes have ended, and each accepted Update is answered.
 *
 * @throws ApplicationFailure `CONFIG_INVALID`: see massive/input.ts
 */
export function collectMassive(input: MassiveInput): Promise<MassiveProgress> {
  return withEndState(() => collect(input));
}

async function collect(input: MassiveInput): Promise<MassiveProgress> {
  checkMassiveInput(input);
  const { workflowId, runId } = workflowInfo();
  const { collection } = input;
  const runs = (input.runs ?? 0) + 1;
  const operator = initialOperatorState(input.controls, input.pauseReason);
  const state = new RunState(input);
  const root = CancellationScope.current();
  const work = new CancellationScope();
  let ended = false;

  const isEnding = (): boolean => operator.stopping || root.consideredCancelled;
  const stateNow = (): CollectionState => {
    if (isEnding()) return ended ? 'stopped' : 'stopping';
    const isBusy = state.busy > 0;
    if (operator.controls.paused) return isBusy || state.fetching ? 'pausing' : 'paused';
    if (state.holdUp !== null) return isQuotaSpent(state.holdUp) ? 'quota' : 'failing';
    return isBusy || state.finding ? 'collecting' : 'waiting';
  };
  const progress = (): MassiveProgress => {
    const { totals, pass, busy, holdUp, backlog } = state;
    const stateName = stateNow();
    const rate = stateName === 'collecting' ? state.rate.perSecond() : null;
    return {
      collection,
      state: stateName,
      controls: operator.controls,
      pass,
      busy,
      totals,
      rate,
      backlog,
      secondsLeft: rate === null || rate === 0 || backlog === null ? null : backlog.due / rate,
      runs,
      pauseReason: operator.pauseReason,
      holdUp,
    };
  };
  let signalNote = '';
  const show = (): void => display(progress(), signalNote);

  setHandler(progressQuery, progress, { description: 'State, totals and what holds up the collection.' });
  // Nothing to do: like every workflow task, it has the run ask whether it must continue as new.
  setHandler(newBuildSignal, () => undefined, { description: 'Sent by `legisync up` after a new build.' });
  registerUpdateHandlers(collection, operator, {
    answer: progress,
    onUpdate: () => {
      signalNote = '';
      state.tryNow();
      if (operator.stopping) work.cancel();
      show();
    },
  });
  explainUnknownMessages(Object.values(UPDATES), (note) => {
    signalNote = note;
    show();
  });

  let isLeaving = false;
  // Stays true: a server that spreads the news of a new build may take it back for a moment, and a
  // run whose feeder has ended must not continue without one.
  const leaving = (): boolean =>
    (isLeaving ||= operator.stopping || work.consideredCancelled || mustContinue(input.maxEvents));
  const paused = (): boolean => operator.controls.paused;
  const lanes = new LaneSet({
    wanted: () => operator.controls.lanes,
    leaving,
    run: (index) =>
      runLane({ state, mustEnd: () => leaving() || index >= operator.controls.lanes, paused, show }),
    overdue: () => work.cancel(),
    drainMs: DRAIN_MS,
  });
  const feeder = {
    state,
    batch: { collection, workflow: workflowId, run: runId },
    mustEnd: leaving,
    paused,
    lanes: () => operator.controls.lanes,
    show,
  };
  show();
  const untilCancelled = (run: () => Promise<void>): Promise<void> =>
    work.run(run).catch((error: unknown) => {
      if (!isCancellation(error)) throw error;
    });
  await Promise.all([untilCancelled(() => lanes.supervise()), untilCancelled(() => runFeeder(feeder))]);
  show();
  await CancellationScope.nonCancellable(async () => {
    await lanes.ended();
    if (isEnding()) await Promise.all(state.ready.map(({ ref }) => releaseBatch(ref)));
    await condition(allHandlersFinished);
  });
  if (isEnding()) {
    ended = true;
    show();
    // Throws: a workflow that a client cancelled ends as cancelled.
    if (!operator.stopping) await root.cancelRequested;
    return progress();
  }
  return continueWith<typeof collectMassive>({
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
