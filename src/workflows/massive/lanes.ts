import { condition, isCancellation } from '@temporalio/workflow';

interface Lanes {
  /** How many lanes there should be now; may change at any time. */
  readonly wanted: () => number;
  /** Whether the run ends: no lane may start or take another batch. */
  readonly leaving: () => boolean;
  /** Runs lane `index`. Returns when the run ends, or when the index is not wanted any more. */
  readonly run: (index: number) => Promise<void>;
  /** Called if lanes are still busy `drainMs` after `leaving` became true. */
  readonly overdue: () => void;
  readonly drainMs: number;
}

const DRAIN = { summary: 'Deadline of the batches in progress' };

/** Keeps the wanted number of lanes running. Lanes do not wait for each other. */
export class LaneSet {
  readonly #running = new Set<number>();
  readonly #lanes: Lanes;

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
  }

  /**
   * Starts each lane that is wanted and does not run. Returns when the run ends and no lane runs.
   */
  async supervise(): Promise<void> {
    while (!this.#lanes.leaving()) {
      for (const index of this.#absent()) this.#start(index);
      await condition(() => this.#lanes.leaving() || this.#absent().length > 0);
    }
    if (!(await condition(() => this.#running.size === 0, this.#lanes.drainMs, DRAIN))) this.#lanes.overdue();
    await this.ended();
  }

  /** Resolves when no lane runs. */
  ended(): Promise<void> {
    return condition(() => this.#running.size === 0);
  }

  #absent(): number[] {
    return Array.from({ length: this.#lanes.wanted() }, (_, index) => index).filter(
      (index) => !this.#running.has(index),
    );
  }

  #start(index: number): void {
    this.#running.add(index);
    void this.#lanes
      .run(index)
      .catch((error: unknown) => {
        // Any other error is a bug. It fails the workflow task, and the run continues on a worker
        // with fixed code.
        if (!isCancellation(error)) throw error;
      })
      .finally(() => this.#running.delete(index));
  }
}
