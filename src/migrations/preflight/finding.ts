/** The table that was there before, and that everything here is about. */
export const TABLE = 'public.files_queue';

/**
 * `blocks`: legisync could not work with the table, and `legisync migrate` refuses. `warning`: it works, and something is
 * lost or may surprise. `fine`: looked at, and nothing to be done.
 */
export type Severity = 'blocks' | 'warning' | 'fine';

/** What an installation's Workers write into `files_queue.status`. */
export interface StatusValues {
  /** Values that mean "finished", "a Worker is working on it", and, among the first, "given up". */
  readonly statusDone: readonly string[];
  readonly statusInProgress: readonly string[];
  readonly statusFailed: readonly string[];
}

/** What the findings depend on, besides the database. */
export interface PreflightSettings extends StatusValues {
  /**
   * Share of files_queue that one statement may delete, in percent; 1 to 100, and 100 for any
   * share.
   */
  readonly maxDeletePercent: number;
}

/** One thing that was looked at. */
export interface Finding {
  readonly severity: Severity;
  /** What it is about, for programs: `duplicates`, `status`, … */
  readonly about: string;
  /** The value that was found, the rule, and what follows. */
  readonly message: string;
  /** The statements that fix it, in their order; empty where nothing is to be done. */
  readonly sql: readonly string[];
}
