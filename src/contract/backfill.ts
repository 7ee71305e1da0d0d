import type { BackfillState } from './names.ts';

/** Inputs and results of the backfill workflow and its activities. */

/**
 * What a run does. `sizes` fills in absent sizes of rows; of the options, it uses `prefix` only.
 */
export interface BackfillOptions {
  readonly kind: 'queue' | 'sizes';
  /** Only files whose path begins with this text; '' for all. */
  readonly prefix: string;
  /**
   * Rows are written as finished, so that no Worker processes them again. Rows of files that were
   * written after the run began, or within the grace time before it, are written as pending.
   */
  readonly finished: boolean;
  /** With `finished`: only rows of files that were last written before this time (ISO 8601). */
  readonly before?: string | undefined;
  /** A file without a row is in flight, not missing, until it is this old. */
  readonly graceSeconds: number;
  /** One chunk for all files. Refused for more files than `ALL_AT_ONCE_LIMIT`. */
  readonly allAtOnce: boolean;
}

/** `new` is refused if a run is unfinished; `resume` continues it; `restart` abandons it. */
export type BackfillStart = 'new' | 'resume' | 'restart';

/** A run, as the database records it. */
export interface BackfillRun {
  readonly id: number;
  readonly bucket: string;
  readonly kind: 'queue' | 'sizes';
  readonly prefix: string;
  readonly finished: boolean;
  readonly before: string | null;
  readonly state: 'running' | 'completed' | 'abandoned';
  readonly phase: BackfillPhase;
  /** The phase continues after this path, in the order of the database; '' at its beginning. */
  readonly position: string;
  /** Committed chunks of all phases. */
  readonly chunks: number;
  /** Objects read in the first phase. */
  readonly scanned: number;
  /** New rows. */
  readonly queued: number;
  /** Of these, rows of the phase `catch_up`: for files that arrived during the phase `queue`. */
  readonly caughtUp: number;
  /** Rows that got a size. */
  readonly sized: number;
  /** Counted by the phase `verify`: files without a row, older than the grace time… */
  readonly missing: number;
  /** …and younger. */
  readonly inFlight: number;
  /** Files whose path is held by a row of another bucket. */
  readonly heldByOtherBucket: number;
  /** Folders and placeholders. */
  readonly skipped: number;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Duration of the chunks, without pauses and outages. */
  readonly busySeconds: number;
  /** From the start to the last chunk; pauses and outages count. */
  readonly seconds: number;
}

/**
 * `queue`: adds rows for files without one. `catch_up`: adds rows for files that arrived meanwhile.
 * `verify`: counts what is missing now. `sizes`: the only phase of a run that fills in sizes.
 * `end`: nothing is left to do.
 */
export const BACKFILL_PHASES = ['queue', 'catch_up', 'verify', 'sizes', 'end'] as const;

export type BackfillPhase = (typeof BACKFILL_PHASES)[number];

/** Input of `openBackfill`. */
export interface OpenBackfillInput {
  readonly bucket: string;
  /**
   * First run id of the workflow. A workflow gets its own unfinished run, whatever `start` says.
   */
  readonly owner: string;
  readonly start: BackfillStart;
  readonly options: BackfillOptions;
}

/** Result of `openBackfill`. */
export interface OpenBackfillResult {
  readonly run: BackfillRun;
  /**
   * Objects in the bucket, for the time left; null if counting them took too long, and for `sizes`.
   */
  readonly objects: number | null;
}

/** Input of `backfillChunk`. */
export interface BackfillChunkInput {
  readonly run: number;
  /** Expected phase and position of the run. If they differ, nothing is done. */
  readonly phase: BackfillPhase;
  readonly position: string;
  /** Objects to read; rows for `sizes`. */
  readonly size: number;
}

/** Result of `backfillChunk`. */
export type BackfillChunkResult =
  /** Committed by this call. */
  | {
      readonly outcome: 'done';
      readonly phase: BackfillPhase;
      readonly scanned: number;
      readonly changed: number;
      readonly seconds: number;
      readonly run: BackfillRun;
    }
  /** Committed by an earlier call, whose answer was lost. */
  | { readonly outcome: 'already_done'; readonly run: BackfillRun }
  /** Cancelled by the database: nothing was done. A smaller chunk may succeed. */
  | { readonly outcome: 'timed_out' };

/**
 * Input of `backfillFilesQueue`. A client gives what is required; continue-as-new gives `carried`.
 */
export interface BackfillInput {
  readonly bucket: string;
  readonly start: BackfillStart;
  readonly options: BackfillOptions;
  /** Within `CHUNK`. */
  readonly chunk: number;
  readonly carried?: BackfillCarried | undefined;
  /** Continue as new at this many events, if the server does not suggest it before. */
  readonly maxEvents?: number | undefined;
}

/** What a run of the workflow passes to the next. */
export interface BackfillCarried {
  readonly opened: OpenBackfillResult;
  readonly paused: boolean;
  readonly pauseReason: string;
  /** How many times the chunk is halved: 0, 1, 2, … */
  readonly halvings: number;
  readonly timeouts: number;
  /** The database has cancelled the smallest chunk, and none has succeeded since. */
  readonly overloaded: boolean;
  readonly done: number;
}

/** Answer to the Query `progress` and to each Update. */
export interface BackfillProgress {
  readonly state: BackfillState;
  readonly phase: BackfillPhase | 'opening';
  readonly paused: boolean;
  /** The operator's reason; '' if there is none, or the backfill is not paused. */
  readonly pauseReason: string;
  readonly run: BackfillRun | null;
  readonly objects: number | null;
  /** Objects read in this phase. */
  readonly done: number;
  /**
   * Objects per second in the last chunks of this phase, rows for `sizes`; null before the second
   * chunk.
   */
  readonly rate: number | null;
  /** Time to the end of this phase at that rate; null if unknown. */
  readonly secondsLeft: number | null;
  /** Objects of the next chunk. */
  readonly size: number;
  /** Chunks that the database cancelled. */
  readonly timeouts: number;
}

/** Result of `backfillFilesQueue`. */
export interface BackfillResult {
  readonly run: BackfillRun;
  readonly timeouts: number;
}

/** What a backfill would do, as counted now. */
export interface BackfillPlan {
  /** Objects of the bucket. A run reads all of them. */
  readonly objects: number;
  /** Files under the prefix. */
  readonly files: number;
  /** Files without a row, and the sum of their sizes in bytes, as far as Storage knows them. */
  readonly missing: number;
  readonly missingBytes: number;
  readonly heldByOtherBucket: number;
  /** Rows of the queue, of all buckets. */
  readonly rows: number;
  /** Rows of the bucket without a size. */
  readonly withoutSize: number;
}
