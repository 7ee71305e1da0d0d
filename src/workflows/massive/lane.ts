import { condition } from '@temporalio/workflow';
import { DAY_MS } from '../../contract/timing.ts';
import { holdUpOf, isQuotaSpent } from './holdUp.ts';
import type { Outcome, RunState } from './turn.ts';

/**
 * While another lane is busy, an idle lane waits for a wake-up, and re-checks only after this long.
 * Shorter costs history: a re-check is an activity. Longer delays the lane if no wake-up comes.
 */
const SHARED_WAIT_MS = 5 * 60_000;

/** The wait of an idle lane doubles up to this, unless the database asks for longer. */
const MAX_IDLE_MS = 60_000;

/**
 * While the quota is spent, one lane asks again after this long. Shorter costs history: each time
 * adds 23 events, 92 an hour. Longer delays the effect of a raised quota.
 */
const QUOTA_WAIT_MS = 15 * 60_000;

/** No wait is longer than a day, whatever the database asks for. */
const MAX_WAIT_MS = DAY_MS;

interface Lane {
  readonly state: RunState;
  /** Whether this lane must end: the run ends, or its index is not wanted any more. */
  readonly mustEnd: () => boolean;
  readonly paused: () => boolean;
  /** Whether this lane asks again while the quota is spent. */
  readonly asksForQuota: boolean;
  readonly turn: () => Promise<Outcome>;
  /** Shows the state in the Web UI. */
  readonly show: () => void;
}

/** Takes turn after turn until the lane must end. The states are explained in collectMassive.ts. */
export async function runLane({ state, mustEnd, paused, asksForQuota, turn, show }: Lane): Promise<void> {
  let idleMs = 0;
  while (!mustEnd()) {
    if (paused()) {
      show();
      await condition(() => !paused() || mustEnd());
      continue;
    }
    const wakeUpsBefore = state.wakeUps;
    const { waitMs, problem, shared, wakesOthers } = await turn();
    if (wakesOthers) state.wakeUps += 1;
    const wakeUpsSeen = wakeUpsBefore + (wakesOthers ? 1 : 0);
    if (waitMs === 0) {
      idleMs = 0;
      continue;
    }
    idleMs = Math.max(waitMs, Math.min(idleMs * 2, MAX_IDLE_MS));
    const quotaSpent = isQuotaSpent(problem);
    const longMs = Math.min(idleMs, MAX_WAIT_MS);
    // One lane asks for the quota, but its answer concerns all lanes.
    const nextTryMs = quotaSpent ? Math.min(longMs, QUOTA_WAIT_MS) : longMs;
    if (problem !== undefined) state.holdUp = holdUpOf(state.holdUp, problem, nextTryMs);
    const ownMs = quotaSpent && !asksForQuota ? longMs : nextTryMs;
    const restMs = shared && state.busy > 0 ? SHARED_WAIT_MS : ownMs;
    show();
    await condition(() => state.wakeUps !== wakeUpsSeen || mustEnd(), restMs);
  }
  show();
}
