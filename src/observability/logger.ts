import { pino, type DestinationStream, type Logger } from 'pino';
import type { Scrub } from './scrub.ts';

export type { Logger } from 'pino';

/** Keys whose values are never logged, at the top level and one level below. */
const REDACTED = ['authorization', 'apikey', 'password', 'clientSecret', 'serviceRoleKey', 'headers'];

export interface LoggerOptions {
  readonly level: string;
  /**
   * Applied to each whole line, so that it also finds a secret in the text or stack of an error.
   */
  readonly scrub: Scrub;
  /**
   * Default: standard error, because standard output is for the results of commands. Unbuffered.
   */
  readonly destination?: DestinationStream;
}

/** A logger that writes one line of JSON for each event. */
export function createLogger({ level, scrub, destination }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED.flatMap((key) => [key, `*.${key}`]), censor: '[secret]' },
      hooks: { streamWrite: scrub },
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  );
}
