import { condition, isCancellation } from '@temporalio/workflow';

interface Lanes {
  /** How many lanes there should be now; may change at any time. */
  readonly wanted: () => number;
  /** True once no lane may begin anything new. */
  readonly leaving: () => boolean;
  /** The work of lane `index`. It returns when it is dismissed, or when its index is not wanted any more. */
  readonly run: (index: number) => Promise<void>;
  /** Called when lanes are still at work this long after it was time to leave. */
  readonly overdue: () => void;
  readonly patienceMs: number;
}

/** Keeps the wanted number of lanes running, without any barrier between them. */
export class LaneSet {
  readonly #running = new Set<number>();
  readonly #lanes: Lanes;

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
  }

  /** Starts lanes that are wanted and do not run, until it is time to leave and all have ended. */
  async supervise(): Promise<void> {
    while (!this.#lanes.leaving()) {
      for (const index of this.#absent()) this.#start(index);
      await condition(() => this.#lanes.leaving() || this.#absent().length > 0);
    }
    if (!(await condition(() => this.#running.size === 0, this.#lanes.patienceMs))) this.#lanes.overdue();
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
        // Anything but a cancellation is a bug: it fails the workflow task, and the run goes on once it is mended.
        if (!isCancellation(error)) throw error;
      })
      .finally(() => this.#running.delete(index));
  }
}
