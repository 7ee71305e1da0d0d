import { readFile } from 'node:fs/promises';

/** Shorter statements are not logged, because the longest one takes seconds. */
const LOGGED_FROM_MS = 100;

/** Settings of PostgreSQL that {@link longestOfGateway} needs. */
export const STATEMENT_LOG = {
  log_min_duration_statement: `${LOGGED_FROM_MS}ms`,
  log_line_prefix: '%m [%p] %a ',
} as const;

/**
 * The longest statement of all API calls (the gateway's sessions), in seconds, from PostgreSQL's
 * log. 0 if none took 0.1 s.
 */
export async function longestOfGateway(logFile: string): Promise<number> {
  const log = await readFile(logFile, 'utf8');
  const durations = [...log.matchAll(/\] gateway \S+ LOG: +duration: ([\d.]+) ms/g)];
  return Math.max(0, ...durations.map(([, ms]) => Number(ms) / 1_000));
}
