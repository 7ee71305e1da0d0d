/** What the backfill's workflow, activities and clients say to each other. */

/** Files that one chunk looks at: default and bounds. */
export const CHUNK = { default: 100_000, min: 1_000, max: 1_000_000 } as const;

/**
 * A pass that fills sizes updates rows, which are locked for the time of a chunk, and Workers wait behind them: it takes at
 * most so many at a time.
 */
export const MAX_SIZES_CHUNK = 10_000;

/** More files than this are not queued all at once. */
export const ALL_AT_ONCE_LIMIT = 100_000;

/** What a run does. `sizes` fills absent sizes of rows; the other options than `prefix` do not concern it. */
export interface BackfillOptions {
  readonly kind: 'queue' | 'sizes';
  /** Only files whose path begins so; '' for all. */
  readonly prefix: string;
  /**
   * Rows are written as finished, so that no Worker works them again; but not those of files that were written after the
   * run began, or within the grace time before it.
   */
  readonly finished: boolean;
  /** With `finished`: only the rows of files that were last written before this time (ISO 8601). */
  readonly before?: string | undefined;
  /** A file without a row is in flight, and not missing, for so long after it was written. */
  readonly graceSeconds: number;
  /** Refused for more files than {@link ALL_AT_ONCE_LIMIT}; else one chunk holds them all. */
  readonly allAtOnce: boolean;
}

/** `new` is refused where a run is unfinished; `resume` goes on with it, and `restart` abandons it. */
export type BackfillStart = 'new' | 'resume' | 'restart';

/** Where a run stands, as the database says. */
export interface BackfillRun {
  readonly id: number;
  readonly bucket: string;
  readonly kind: 'queue' | 'sizes';
  readonly prefix: string;
  readonly finished: boolean;
  readonly before: string | null;
  readonly state: 'running' | 'completed' | 'abandoned';
  readonly phase: BackfillPhase;
  /** Last path done in this phase, in the order of the database; '' at its beginning. */
  readonly position: string;
  /** Chunks committed, over all phases. */
  readonly chunks: number;
  /** Objects looked at in the first phase. */
  readonly scanned: number;
  /** New rows. */
  readonly queued: number;
  /** Of these, rows of the phase `catch_up`: for files that arrived during the phase `queue`. */
  readonly caughtUp: number;
  /** Rows that got their size. */
  readonly sized: number;
  /** What the verification counted: files without a row, older than the grace time… */
  readonly missing: number;
  /** …and younger. */
  readonly inFlight: number;
  /** Files whose path is held by a row of another bucket. */
  readonly heldByOtherBucket: number;
  /** Folders and placeholders. */
  readonly skipped: number;
  /** ISO 8601. */
  readonly startedAt: string;
  /** What the chunks took, without pauses and outages. */
  readonly busySeconds: number;
  /** From the start to the last chunk; pauses and outages count. */
  readonly seconds: number;
}

/**
 * `queue`: rows for files without one. `catch_up`: the same again, for files that arrived
 * meanwhile. `verify`: counts what is missing now. `sizes`: the only phase of a run that fills
 * sizes. `end`: nothing is left.
 */
export const BACKFILL_PHASES = ['queue', 'catch_up', 'verify', 'sizes', 'end'] as const;

export type BackfillPhase = (typeof BACKFILL_PHASES)[number];

/** Input of `openBackfill`. */
export interface OpenBackfillInput {
  readonly bucket: string;
  /** The chain of runs of the workflow: its own unfinished run is given to it whatever `start` says. */
  readonly owner: string;
  readonly start: BackfillStart;
  readonly options: BackfillOptions;
}

/** Result of `openBackfill`. */
export interface OpenBackfillResult {
  readonly run: BackfillRun;
  /** Objects in the bucket, for the time left; null where counting them took too long, and for `sizes`. */
  readonly objects: number | null;
}

/** Input of `backfillChunk`. */
export interface BackfillChunkInput {
  readonly run: number;
  /**
   * Where the caller believes the run to stand, as of {@link BackfillRun}: elsewhere, nothing is
   * done.
   */
  readonly phase: BackfillPhase;
  readonly position: string;
  /** Objects (rows, for `sizes`) to look at. */
  readonly step: number;
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
  /** Cancelled by the database: nothing was done, and a smaller step may be. */
  | { readonly outcome: 'timed_out' };

/** Input of `backfillFilesQueue`. A client gives what is required; the rest is what continue-as-new carries. */
export interface BackfillInput {
  readonly bucket: string;
  readonly start: BackfillStart;
  readonly options: BackfillOptions;
  /** Within {@link CHUNK}. */
  readonly chunk: number;
  readonly carried?: BackfillCarried | undefined;
  /** Continue as new at this many events, before the server's own hint. */
  readonly maxEvents?: number | undefined;
}

/** What a run of the workflow leaves to the next. */
export interface BackfillCarried {
  readonly opened: OpenBackfillResult;
  readonly paused: boolean;
  readonly pauseReason: string;
  /** By how much the step is halved: 0, 1, 2, … */
  readonly halvings: number;
  readonly timeouts: number;
  readonly done: number;
}

/** Answer of the `progress` query and of each Update. */
export interface BackfillProgress {
  readonly phase: BackfillPhase | 'opening';
  readonly paused: boolean;
  readonly run: BackfillRun | null;
  readonly objects: number | null;
  /** Objects looked at in this phase. */
  readonly done: number;
  /** Objects (rows, for `sizes`) a second, in the last chunks of this phase; null before the first. */
  readonly rate: number | null;
  /** Until the end of this phase at that rate; null where that is not known. */
  readonly secondsLeft: number | null;
  /** The step of the next chunk. */
  readonly step: number;
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
  /** Objects of the bucket, all of which a run walks past. */
  readonly objects: number;
  /** Files under the prefix. */
  readonly files: number;
  /** Files without a row, and their size in bytes as far as Storage noted it. */
  readonly missing: number;
  readonly missingBytes: number;
  readonly heldByOtherBucket: number;
  /** Rows of the queue, of whatever bucket. */
  readonly rows: number;
  /** Rows of the bucket without a size. */
  readonly withoutSize: number;
}
