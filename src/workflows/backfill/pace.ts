import {
  CHUNK,
  MAX_SIZES_CHUNK,
  type BackfillChunkResult,
  type BackfillPhase,
} from '../../contract/backfill.ts';

/** A step that has come down to this is not halved any more: what takes so long then is not its size. */
const MIN_STEP = 100;

/**
 * A chunk that took at most so long may be followed by one twice its size: that will fit even the 8 s after which the API
 * cancels a statement whose function could not ask for more.
 */
const QUICK_SECONDS = 2.5;

/** Passes that write little read many more objects in the same time. */
const READING_FACTOR = 10;
const MAX_STEP = 1_000_000;

/** The rate is that of so many chunks: a few, so that it follows what the database can do now. */
const WINDOW = 6;

interface Mark {
  /** Of the run's own clock. */
  readonly seconds: number;
  readonly scanned: number;
}

/** How much to ask for at a time, and how fast it goes. */
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
  step(phase: BackfillPhase): number {
    return Math.max(MIN_STEP, Math.floor(this.#whole(phase) / 2 ** this.#halvings));
  }

  #whole(phase: BackfillPhase): number {
    if (phase === 'sizes') return Math.min(this.#chunk, MAX_SIZES_CHUNK);
    if (phase === 'queue') return this.#chunk;
    return Math.max(this.#chunk, Math.min(this.#chunk * READING_FACTOR, MAX_STEP));
  }

  /** After a chunk that the database cancelled. False where the step cannot be smaller. */
  slower(phase: BackfillPhase): boolean {
    if (this.step(phase) <= MIN_STEP) return false;
    this.#halvings += 1;
    return true;
  }

  /** After a chunk that was committed. */
  committed({ phase, scanned, seconds, run }: Extract<BackfillChunkResult, { outcome: 'done' }>): void {
    if (seconds <= QUICK_SECONDS && this.#halvings > 0) this.#halvings -= 1;
    // The next phase has another rate.
    this.#marks =
      run.phase === phase ? [...this.#marks, { seconds: run.seconds, scanned }].slice(-WINDOW) : [];
  }

  /** What stood still does not count. */
  pause(): void {
    this.#marks = [];
  }

  /** Objects a second; null before the second chunk of a phase. */
  rate(): number | null {
    const [first, ...later] = this.#marks;
    const last = later.at(-1);
    if (first === undefined || last === undefined || last.seconds <= first.seconds) return null;
    const scanned = later.reduce((sum, mark) => sum + mark.scanned, 0);
    return scanned / (last.seconds - first.seconds);
  }
}

/** The step that a run may have, as a client gives it. */
export function isChunk(value: number): boolean {
  return Number.isInteger(value) && value >= CHUNK.min && value <= CHUNK.max;
}
