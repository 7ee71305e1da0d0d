import { pino, type DestinationStream, type Logger } from 'pino';
import type { Scrub } from './scrub.ts';

export type { Logger } from 'pino';

/** Keys whose value is never of use in a log, at the top and one level down. */
const REDACTED = ['authorization', 'apikey', 'password', 'clientSecret', 'serviceRoleKey', 'headers'];

export interface LoggerOptions {
  readonly level: string;
  /** Runs over every whole line, so that a secret inside an error's text or stack is found too. */
  readonly scrub: Scrub;
  /** Default: standard error, since standard output belongs to the commands' results. Written without delay. */
  readonly destination?: DestinationStream;
}

/** A logger that writes one line of JSON an event. */
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
