import { condition } from '@temporalio/workflow';
import type { BatchRef, FetchResult } from '../../contract/collecting.ts';
import { MAX_BATCH } from '../../contract/limits.ts';
import { fetchBatches } from '../batch.ts';
import { problemOf } from './holdUp.ts';
import { RETRY_LATER_MS, type RunState } from './state.ts';

/**
 * While batches are in progress, the feeder waits for their end, and looks again only after this
 * long. Shorter costs history: a look is an activity. Longer delays documents that become due
 * meanwhile.
 */
const LAST_BATCHES_MS = 5 * 60_000;

/** The first batch is small, so that the first rows are queued within seconds. */
const FIRST_BATCH = 25;

interface Feeder {
  readonly state: RunState;
  readonly batch: Omit<BatchRef, 'sequence'>;
  readonly mustEnd: () => boolean;
  readonly paused: () => boolean;
  /** Lanes that should run now. */
  readonly lanes: () => number;
  /** Shows the state in the Web UI. */
  readonly show: () => void;
}

/**
 * Fetches batches for all lanes, until the run ends. It begins as soon as the last ready batch is
 * taken, so that batches are ready when the lanes need them.
 */
export async function runFeeder(feeder: Feeder): Promise<void> {
  const { state, mustEnd, paused, show } = feeder;
  const isWanted = (): boolean => !paused() && state.isOpen && state.ready.length === 0;
  while (!mustEnd()) {
    if (state.restMs > 0) {
      await condition(() => mustEnd() || state.restMs === 0, state.restMs, {
        summary: 'Next try after a problem',
      });
      state.restMs = 0;
    } else if (isWanted()) {
      await feed(feeder);
    } else {
      await condition(() => mustEnd() || state.restMs > 0 || isWanted());
    }
    show();
  }
}

/** Fetches once. If there is nothing to do, waits. */
async function feed(feeder: Feeder): Promise<void> {
  const { state, mustEnd, show } = feeder;
  state.recheck = false;
  const fetched = await fetchNext(feeder);
  if (fetched === undefined || fetched.batches.length > 0) return;
  const { waitMs = RETRY_LATER_MS, problem, reason } = fetched;
  if (reason === 'pass') state.succeeded();
  if (problem !== undefined) {
    state.rest(problem, waitMs);
    return;
  }
  show();
  const holders = reason === 'enumerating' && state.busy > 0;
  await condition(
    () => state.recheck || state.restMs > 0 || mustEnd() || (holders && state.busy === 0),
    holders ? LAST_BATCHES_MS : state.nextWait(waitMs),
    { summary: holders ? 'Waits for the last batches of the pass' : 'Waits until there is something to do' },
  );
}

/** Undefined if the activity failed permanently. */
async function fetchNext({ state, batch, lanes, show }: Feeder): Promise<FetchResult | undefined> {
  const first = state.sequence + 1;
  const batches = first === 1 || state.holdUp !== null ? 1 : lanes();
  const limit = first === 1 ? FIRST_BATCH : MAX_BATCH;
  state.sequence += batches;
  state.fetching = true;
  show();
  try {
    const fetched = await fetchBatches({
      batch: { ...batch, sequence: first },
      batches,
      limit,
      mode: 'massive',
    });
    state.totals = { ...state.totals, discovered: state.totals.discovered + fetched.discovered };
    state.pass = fetched.pass ?? state.pass;
    state.backlog = fetched.backlog ?? state.backlog;
    state.finding = fetched.discovered > 0 || fetched.batches.length > 0;
    state.ready.push(
      ...fetched.batches.map((ids, index) => ({ ref: { ...batch, sequence: first + index }, ids })),
    );
    return fetched;
  } catch (error) {
    state.rest(problemOf(error), RETRY_LATER_MS);
    return undefined;
  } finally {
    state.fetching = false;
  }
}
