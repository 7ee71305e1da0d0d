import { STATEMENT_MS } from './timing.ts';

/** Readings of Storage and files_queue side by side, as the database counts them. */

/** `cheap`: counts and sizes. `full`: everything; takes several seconds with millions of files. */
export type CoherenceKind = 'cheap' | 'full';

export interface CountAndSize {
  readonly count: number;
  readonly bytes: number;
  /** The bytes as PostgreSQL's `pg_size_pretty` writes them. */
  readonly size: string;
}

/** Fields of both kinds of reading. Times are ISO 8601. */
interface Reading {
  readonly bucket: string;
  readonly at: string;
  /** Duration of the reading. */
  readonly seconds: number;
  /** All objects of the bucket, with placeholders. */
  readonly storage: CountAndSize;
  /** All rows, with those of other buckets. */
  readonly queue: CountAndSize;
  /** Since when the oldest pending row waits; null: no row is pending. */
  readonly oldestPending: string | null;
}

export interface CheapReading extends Reading {
  readonly kind: 'cheap';
}

export interface FullReading extends Reading {
  readonly kind: 'full';
  /** A file without a row, or a row without an object, is "in flight" until it is this old. */
  readonly graceSeconds: number;
  /** Objects that are files, with or without a row. */
  readonly files: number;
  /** Folders, and the objects that a dashboard puts into empty ones. */
  readonly placeholders: number;
  /** Rows of this bucket. */
  readonly rows: number;
  readonly rowsOfOtherBuckets: number;
  /**
   * Files without a row that nothing is going to queue: older than the grace time, or of a document
   * that no batch holds…
   */
  readonly missing: number;
  /** …and the others. */
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
  /** Rows that are marked as dangling, although their file exists again. */
  readonly markedButBack: number;
  /** Rows that describe another content than their object has. */
  readonly stale: number;
  /** Rows with another size than their object. */
  readonly sizeMismatches: number;
  /** Rows of this bucket without a size. */
  readonly rowsWithoutSize: number;
  /**
   * Rows with the requeue mark: `since` when the content of the oldest is new, and their numbers by
   * status, the twenty most frequent.
   */
  readonly requeued: {
    readonly count: number;
    readonly since: string | null;
    readonly statuses: Readonly<Record<string, number>>;
  };
  /**
   * The fifty largest in order of their names, then `(the rest)`. Files outside
   * `legifrance/{category}/` are in `(other)`.
   */
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

/** A difference above its limit makes the verdict `desynchronised`. */
export interface CoherenceLimits {
  /** Limit for missing files, for stale rows, and for marked rows whose file is back. */
  readonly missingLimit: number;
  /** Limit for each gap, in percent. */
  readonly gapPercent: number;
  /** How long a row may have the requeue mark, in hours. */
  readonly requeueHours: number;
}

/** Input of `checkCoherence` and of `measureCoherence`. */
export interface CoherenceInput {
  readonly bucket: string;
  readonly kind: CoherenceKind;
  readonly graceSeconds: number;
  readonly limits: CoherenceLimits;
}

/**
 * Gaps in percent, with two decimals. If the whole is 0, the gap is 0 for a part of 0, else 100.
 */
export interface CoherenceGaps {
  /** |objects − rows| of the objects: the figure of a dashboard that only counts. */
  readonly counts: number;
  /** Missing files of all files; null in a cheap reading. */
  readonly missing: number | null;
  /** Dangling rows of the rows of the bucket; null in a cheap reading. */
  readonly dangling: number | null;
}

export interface CoherenceVerdict {
  readonly state: 'coherent' | 'desynchronised';
  /** Why it is desynchronised; empty if it is coherent. */
  readonly reasons: readonly string[];
  /** Differences below the limits. */
  readonly notes: readonly string[];
  /** The command to type next. It changes nothing by itself. null: there is nothing to do. */
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
  /** Why the reading is a cheap one, although a full one was requested. */
  readonly problem?: string | undefined;
}

/** Why there is no full reading. */
export const FULL_READING_TIMED_OUT = `The database cancelled the full reading at its statement timeout of ${STATEMENT_MS / 1_000} s: it is too small, or overloaded.`;

/** A file without a row. */
export interface MissingFile {
  readonly path: string;
  /** Bytes; null if Storage has none. */
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
  /** Since when it is marked; null: it is not marked. */
  readonly markedAt: string | null;
}

/** A row that describes another content than its object has. */
export interface StaleRow {
  readonly path: string;
  /** Of the object. */
  readonly size: number | null;
  readonly at: string | null;
  readonly rowAt: string | null;
  readonly status: string | null;
}

/** Input of one chunk of a repair. */
export interface RepairChunk {
  readonly bucket: string;
  readonly graceSeconds: number;
  /** Continue after this path; '' for the first chunk. */
  readonly after: string;
  /** Rows to read, 1 to 100,000. */
  readonly size: number;
  /** Counts only. */
  readonly dryRun: boolean;
}

interface RepairResult {
  /** Rows read. */
  readonly scanned: number;
  /** The `after` of the next chunk; null: this was the last one. */
  readonly next: string | null;
}

export interface DanglingRepair extends RepairResult {
  readonly marked: number;
  /** Of `marked`: rows that were pending and got a status that no Worker takes. */
  readonly hidden: number;
  /** Marks removed because the file exists again. */
  readonly takenBack: number;
}

export interface StaleRepair extends RepairResult {
  /** Finished rows that became pending again. */
  readonly pendingAgain: number;
  /** Rows that become pending when their Worker finishes, or already are. */
  readonly requeued: number;
  /** Rows that only got the size of their file. */
  readonly resized: number;
}

/** Rows that were inserted within one minute. */
export interface InsertionMinute {
  /** ISO 8601. */
  readonly minute: string;
  readonly filesInserted: number;
  /** Separated by commas. */
  readonly buckets: string | null;
}
