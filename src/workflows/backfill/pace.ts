import type { BackfillChunkResult, BackfillPhase } from '../../contract/backfill.ts';
import { CHUNK, MAX_SIZES_CHUNK } from '../../contract/limits.ts';

/**
 * After a chunk that took at most this long, the next one may be twice as large. It then takes
 * about 5 s. The API cancels a statement after 8 s if its function could not set a longer timeout.
 */
const QUICK_SECONDS = 2.5;

/** Phases that write little read many more objects in the same time. */
const READING_FACTOR = 10;

/** The rate is measured over this many chunks: few, so that it follows the load of the database. */
const WINDOW = 6;

interface Mark {
  /** By the run's own clock. */
  readonly seconds: number;
  readonly scanned: number;
}

/** Decides the size of the next chunk, and measures the rate. */
export class BackfillPace {
  readonly #chunk: number;
  #halvings: number;
  #marks: Mark[] = [];

  constructor(chunk: number, halvings: number) {
    this.#chunk = chunk;
    this.#halvings = halvings;
  }

  get halvings(): number {
    return this.#halvings;
  }

  /** Objects of the next chunk. */
  size(phase: BackfillPhase): number {
    return Math.max(CHUNK.smallest, Math.floor(this.#fullSize(phase) / 2 ** this.#halvings));
  }

  #fullSize(phase: BackfillPhase): number {
    if (phase === 'sizes') return Math.min(this.#chunk, MAX_SIZES_CHUNK);
    if (phase === 'queue') return this.#chunk;
    return Math.max(this.#chunk, Math.min(this.#chunk * READING_FACTOR, CHUNK.max));
  }

  /**
   * Call it after a chunk that the database cancelled. Returns false if the chunk cannot be
   * smaller.
   */
  slower(phase: BackfillPhase): boolean {
    if (this.size(phase) <= CHUNK.smallest) return false;
    this.#halvings += 1;
    return true;
  }

  /** Call it after a chunk that was committed. */
  committed({ phase, scanned, seconds, run }: Extract<BackfillChunkResult, { outcome: 'done' }>): void {
    if (seconds <= QUICK_SECONDS && this.#halvings > 0) this.#halvings -= 1;
    // The next phase has another rate.
    this.#marks =
      run.phase === phase ? [...this.#marks, { seconds: run.seconds, scanned }].slice(-WINDOW) : [];
  }

  /** Call it at the begin and the end of a pause: the time between does not count. */
  pause(): void {
    this.#marks = [];
  }

  /** Objects per second; null before the second chunk of a phase. */
  rate(): number | null {
    const [first, ...later] = this.#marks;
    const last = later.at(-1);
    if (first === undefined || last === undefined || last.seconds <= first.seconds) return null;
    const scanned = later.reduce((sum, mark) => sum + mark.scanned, 0);
    return scanned / (last.seconds - first.seconds);
  }
}
