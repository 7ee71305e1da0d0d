/** The table that the preflight checks. */
export const TABLE = 'public.files_queue';

/**
 * `blocks`: legisync cannot work with the table, and `legisync migrate` refuses. `warning`: it
 * works, but something is lost or unexpected. `fine`: checked, nothing to do.
 */
export type Severity = 'blocks' | 'warning' | 'fine';

/** What an installation's Workers write into `files_queue.status`. */
export interface StatusValues {
  /** Values that mean "finished", with success or without. */
  readonly statusDone: readonly string[];
  /** Values that mean "a Worker is processing the file". */
  readonly statusInProgress: readonly string[];
  /** The values among `statusDone` that mean "given up". */
  readonly statusFailed: readonly string[];
}

/** What the findings depend on, besides the database. */
export interface PreflightSettings extends StatusValues {
  /** Share of files_queue that one statement may delete, in percent, 1 to 100. 100: no limit. */
  readonly maxDeletePercent: number;
}

/** The result of one check. */
export interface Finding {
  readonly severity: Severity;
  /** The subject, for programs: `duplicates`, `status`, … */
  readonly about: string;
  /** The value that was found, the rule, and the consequence. */
  readonly message: string;
  /** The statements that fix it, in order. Empty: nothing to do. */
  readonly sql: readonly string[];
}
