/** Exit codes: a public interface, listed in docs/cli.md and in `legisync --help`. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  config: 3,
  temporalUnreachable: 4,
  notRunning: 5,
  refused: 6,
  noWorker: 7,
  supabase: 8,
  /** 128 + SIGINT, the convention of shells. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The meaning of each code, for `--help`. */
export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: 'done, or nothing to do',
  1: 'failed; or a check found a difference or missing files',
  2: 'the command line is wrong',
  3: 'the configuration is wrong',
  4: 'no Temporal server answers',
  5: 'the workflow is not running',
  6: 'the workflow refused, is already running, or cannot continue',
  7: 'no worker answered in time, or an Update or a stop is not confirmed yet',
  8: 'Supabase or its database failed',
  130: 'interrupted while waiting; what was started continues',
};

/** An expected error of a command, with its exit code, a stable code, and the next command. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly next: string;

  constructor(exitCode: ExitCode, code: string, message: string, next: string) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
    this.code = code;
    this.next = next;
  }
}
