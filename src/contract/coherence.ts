/** What Storage and files_queue look like side by side, as the database counts it. */

/** `cheap`: counts and sizes. `full`: everything; several seconds with millions of files. */
export type CoherenceKind = 'cheap' | 'full';

export interface CountAndSize {
  readonly count: number;
  readonly bytes: number;
  /** The bytes as PostgreSQL's `pg_size_pretty` writes them. */
  readonly size: string;
}

/** What both kinds of reading have. Times are ISO 8601. */
interface Reading {
  readonly bucket: string;
  readonly at: string;
  /** What the reading took. */
  readonly seconds: number;
  /** All objects of the bucket, placeholders as well. */
  readonly storage: CountAndSize;
  /** All rows, those of other buckets as well. */
  readonly queue: CountAndSize;
  /** Since when the oldest pending row waits; null: none is pending. */
  readonly oldestPending: string | null;
}

export interface CheapReading extends Reading {
  readonly kind: 'cheap';
}

export interface FullReading extends Reading {
  readonly kind: 'full';
  /** Until this age a file without a row, or a row without an object, is "in flight". */
  readonly graceSeconds: number;
  /** Objects that are files, with or without a row. */
  readonly files: number;
  /** Folders, and what a dashboard puts into an empty one. */
  readonly placeholders: number;
  /** Rows of this bucket. */
  readonly rows: number;
  readonly rowsOfOtherBuckets: number;
  /** Files without a row, older than the grace time… */
  readonly missing: number;
  /** …and younger. */
  readonly inFlight: number;
  readonly placeholdersWithoutRow: number;
  /** Files whose path has a row of another bucket. */
  readonly heldByOtherBucket: number;
  /** Rows of this bucket without an object, older than the grace time or marked… */
  readonly dangling: number;
  /** …of them, marked… */
  readonly danglingMarked: number;
  /** …and younger. */
  readonly rowsInFlight: number;
  /** Rows that are marked as dangling although their file is there. */
  readonly markedButBack: number;
  /** Rows that stand for other content than their object has. */
  readonly stale: number;
  /** Rows that have another size than their object. */
  readonly sizeMismatches: number;
  /** Rows of this bucket that have no size. */
  readonly rowsWithoutSize: number;
  /** The fifty largest by name, then `(the rest)`. Files outside of `legifrance/{category}/` are in `(other)`. */
  readonly categories: readonly CategoryReading[];
}

export interface CategoryReading {
  readonly category: string;
  readonly objects: number;
  readonly rows: number;
  readonly missing: number;
  readonly inFlight: number;
  readonly dangling: number;
  readonly stale: number;
  readonly sizeMismatches: number;
}

export type CoherenceReading = CheapReading | FullReading;

/** From when on a difference is too large. */
export interface CoherenceLimits {
  /** Missing files, or stale rows. */
  readonly missingLimit: number;
  /** Any of the gaps, in percent. */
  readonly gapPercent: number;
}

/** Input of `checkCoherence` and of `measureCoherence`. */
export interface CoherenceInput {
  readonly bucket: string;
  readonly kind: CoherenceKind;
  readonly graceSeconds: number;
  readonly limits: CoherenceLimits;
}

/** Gaps in percent, with two digits. A part of nothing is 0, and something instead of nothing is 100. */
export interface CoherenceGaps {
  /** |objects − rows| of the objects: what a dashboard shows that only counts. */
  readonly counts: number;
  /** Missing files of all files; null in a cheap reading. */
  readonly missing: number | null;
  /** Dangling rows of the rows of the bucket; null in a cheap reading. */
  readonly dangling: number | null;
}

export interface CoherenceVerdict {
  readonly state: 'coherent' | 'desynchronised';
  /** Why it is desynchronised; empty where it is coherent. */
  readonly reasons: readonly string[];
  /** What differs and is below the limits. */
  readonly notes: readonly string[];
  /** The one command to type next, which changes nothing by itself; null where there is nothing to do. */
  readonly next: string | null;
  readonly gaps: CoherenceGaps;
}

/** Result of `measureCoherence`. */
export type MeasureResult =
  | { readonly outcome: 'measured'; readonly reading: CoherenceReading; readonly verdict: CoherenceVerdict }
  /** The database cancelled it. */
  | { readonly outcome: 'timed_out' };

/** Result of `checkCoherence`. A desynchronised reading is a result, not a failure. */
export interface CoherenceResult {
  readonly reading: CoherenceReading;
  readonly verdict: CoherenceVerdict;
  /** Why the reading is a cheap one although a full one was asked for. */
  readonly problem?: string | undefined;
}

/** Why a full reading was not to be had, and what may be had instead. */
export const FULL_READING_TIMED_OUT =
  'The database cancelled the full reading at its statement timeout of 30 s: too small, or too busy. ' +
  '`legisync coherence --cheap` compares counts and sizes only.';

/** A file without a row. */
export interface MissingFile {
  readonly path: string;
  /** Bytes; null where Storage noted none. */
  readonly size: number | null;
  /** When the object was last written. */
  readonly at: string | null;
}

/** A row without an object. */
export interface DanglingRow {
  readonly path: string;
  readonly size: number | null;
  /** When the row was last written. */
  readonly at: string | null;
  readonly status: string | null;
  /** Since when it is marked; null: it is not. */
  readonly markedAt: string | null;
}

/** A row that stands for other content than its object has. */
export interface StaleRow {
  readonly path: string;
  /** Of the object. */
  readonly size: number | null;
  readonly at: string | null;
  readonly rowAt: string | null;
  readonly status: string | null;
}

/** Examples that one question may ask for. */
export const EXAMPLES = { default: 20, max: 1_000 } as const;

/** What one step of a repair is about. */
export interface RepairStep {
  readonly bucket: string;
  readonly graceSeconds: number;
  /** Behind this path; '' for the first step. */
  readonly after: string;
  /** Rows to look at, 1 to 100,000. */
  readonly step: number;
  /** Counts only. */
  readonly dryRun: boolean;
}

interface RepairResult {
  /** Rows looked at. */
  readonly scanned: number;
  /** What to give as `after` the next time; null: this was the last step. */
  readonly next: string | null;
}

export interface DanglingRepair extends RepairResult {
  readonly marked: number;
  /** Of `marked`: were pending, and got a status that no Worker takes. */
  readonly hidden: number;
  /** Marks taken back, since the file is there again. */
  readonly takenBack: number;
}

export interface StaleRepair extends RepairResult {
  /** Finished rows that are pending again. */
  readonly pendingAgain: number;
  /** Rows that become pending when their Worker has finished, or are so already. */
  readonly requeued: number;
  /** Rows that only got the size of their file. */
  readonly resized: number;
}

/** Rows that were inserted within one minute. */
export interface InsertionMinute {
  /** ISO 8601. */
  readonly minute: string;
  readonly filesInserted: number;
  /** With commas between. */
  readonly buckets: string | null;
}
