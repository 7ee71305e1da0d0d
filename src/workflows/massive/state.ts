import { DAY_MS } from '../../contract/timing.ts';
import type { Backlog, BatchRef, HoldUp, MassiveInput, Problem, Totals } from '../../contract/collecting.ts';
import { NO_TOTALS } from '../../contract/collecting.ts';
import { holdUpOf, isQuotaSpent } from './holdUp.ts';
import { CollectingRate } from './rate.ts';

/** Until the next try after a failure that Temporal does not retry. An Update ends the wait. */
export const RETRY_LATER_MS = 5 * 60_000;

/** Waits that follow each other without success double up to this, unless a longer one is asked for. */
const MAX_IDLE_MS = 60_000;

/**
 * While the quota is spent, one batch tries again after this long. Shorter costs history. Longer
 * delays the effect of a raised quota.
 */
const QUOTA_WAIT_MS = 15 * 60_000;

/** No wait is longer than a day, whatever the database asks for. */
const MAX_WAIT_MS = DAY_MS;

/** A batch that is fetched and that no lane has begun. */
export interface ReadyBatch {
  readonly ref: BatchRef;
  readonly ids: readonly string[];
}

/**
 * What the feeder and the lanes of a run share. Its rule: after a problem, nothing begins for some
 * time, and then one batch at a time, until one succeeds.
 */
export class RunState {
  totals: Totals;
  pass: number;
  /** Number of the last batch; counts on over all runs of the workflow. */
  sequence: number;
  /** Why nothing begins, or only one batch at a time; null if nothing holds up the run. */
  holdUp: HoldUp | null;
  /** What the pass has left to do, as of the last fetch; null before the first one. */
  backlog: Backlog | null = null;
  readonly rate = new CollectingRate();
  /** Batches that wait for a lane, in the order of their numbers. */
  readonly ready: ReadyBatch[] = [];
  /** Lanes that collect a batch now. */
  busy = 0;
  /** Whether the feeder is fetching now. */
  fetching = false;
  /** Whether the feeder's last fetch found something. Before the first one, it may. */
  finding = true;
  /** Set if documents have become free, or an Update came: the feeder need not wait any more. */
  recheck = false;
  /** Nothing begins for this long; 0: no rest. */
  restMs = 0;
  #idleMs = 0;
  /** The batch that tries whether what holds up the run is over. */
  #probe: ReadyBatch | undefined;

  constructor({ totals = NO_TOTALS, pass = 0, sequence = 0, holdUp = null }: MassiveInput) {
    this.totals = totals;
    this.pass = pass;
    this.sequence = sequence;
    this.holdUp = holdUp;
  }

  /** Whether another batch may be fetched or begun. */
  get isOpen(): boolean {
    return this.restMs === 0 && (this.holdUp === null || this.#probe === undefined);
  }

  mayBegin(): boolean {
    return this.isOpen && this.ready.length > 0;
  }

  /** The next batch for a lane, which is busy from now on; undefined if none may begin. */
  takeReady(): ReadyBatch | undefined {
    const batch = this.mayBegin() ? this.ready.shift() : undefined;
    if (batch === undefined) return undefined;
    this.busy += 1;
    if (this.holdUp !== null) this.#probe = batch;
    return batch;
  }

  /** A lane is not busy with `batch` any more, however it ended. */
  ended(batch: ReadyBatch): void {
    this.busy -= 1;
    if (this.#probe === batch) this.#probe = undefined;
  }

  /** A batch ended well: what held up the run is over. */
  succeeded(): void {
    this.holdUp = null;
    this.restMs = 0;
    this.#idleMs = 0;
  }

  /** The next wait without success, of at least `waitMs`. */
  nextWait(waitMs: number): number {
    this.#idleMs = Math.min(Math.max(waitMs, Math.min(this.#idleMs * 2, MAX_IDLE_MS)), MAX_WAIT_MS);
    return this.#idleMs;
  }

  /** Begins a rest after a problem, for at least `waitMs`. A rest that has begun stays as it is. */
  rest(problem: Problem | undefined, waitMs: number): void {
    if (this.restMs > 0) return;
    const longMs = this.nextWait(waitMs);
    this.restMs = isQuotaSpent(problem) ? Math.min(longMs, QUOTA_WAIT_MS) : longMs;
    if (problem !== undefined) this.holdUp = holdUpOf(this.holdUp, problem, this.restMs);
  }

  /** Ends a rest or a wait: an Update came. */
  tryNow(): void {
    this.restMs = 0;
    this.recheck = true;
  }
}
