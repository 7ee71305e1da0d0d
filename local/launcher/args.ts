import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';

/** What `npm start -- …` was asked for. */
export interface StartOptions {
  /** Begin with an empty database, bucket and Temporal history. */
  readonly reset: boolean;
  /** Report once this many documents are new in this start; undefined: no such mark. */
  readonly documents: number | undefined;
  /** End with exit code 0 there. */
  readonly exit: boolean;
  /** End standard output with one line of JSON. */
  readonly json: boolean;
  /** Decisions the simulator generates besides its real articles. */
  readonly decisions: number;
  /** Requests a second: what the simulator allows and what the application uses. */
  readonly rate: number;
  /** What the simulator waits before each answer, in milliseconds. */
  readonly latencyMs: number;
  /** Batches in work at once; undefined: the application's own default. */
  readonly concurrency: number | undefined;
  /** Folder of everything that the stack keeps; undefined: `.local` of the checkout. */
  readonly data: string | undefined;
}

/** Go on with these options, or say something and end. */
export type ParsedArgs =
  | { readonly kind: 'start'; readonly options: StartOptions }
  | { readonly kind: 'stop'; readonly text: string; readonly exitCode: number };

/** Exit code of a command line that cannot be understood, as in most programs. */
const USAGE_EXIT_CODE = 2;

interface RawOptions {
  reset?: boolean;
  documents?: number;
  exit?: boolean;
  json?: boolean;
  decisions: number;
  rate: number;
  latency: number;
  concurrency?: number;
  data?: string;
}

/** Reads the arguments after `npm start --`. Never ends the process, never prints. */
export function parseStartArgs(argv: readonly string[]): ParsedArgs {
  let text = '';
  const write = (more: string): void => {
    text += more;
  };
  const command = startCommand().configureOutput({ writeOut: write, writeErr: write }).exitOverride();
  try {
    command.parse([...argv], { from: 'user' });
    const raw = command.opts<RawOptions>();
    const [stray] = command.args;
    if (stray !== undefined)
      command.error(`error: unexpected argument '${stray}': there are only options here`);
    if (raw.exit === true && raw.documents === undefined) {
      command.error("error: option '--exit' has nothing to wait for: say how many with --documents N");
    }
    return { kind: 'start', options: optionsOf(raw) };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { kind: 'stop', text, exitCode: error.exitCode === 0 ? 0 : USAGE_EXIT_CODE };
  }
}

function optionsOf(raw: RawOptions): StartOptions {
  return {
    reset: raw.reset === true,
    documents: raw.documents,
    exit: raw.exit === true,
    json: raw.json === true,
    decisions: raw.decisions,
    rate: raw.rate,
    latencyMs: raw.latency,
    concurrency: raw.concurrency,
    data: raw.data,
  };
}

function startCommand(): Command {
  return new Command('npm start --')
    .description(
      'Starts a complete local legisync and collects real law texts while you watch. Ctrl-C stops it.',
    )
    .allowExcessArguments(true)
    .option('--reset', 'begin anew: empty the database, the bucket and the Temporal history first')
    .addOption(
      integerOption(
        '--documents <N>',
        'the mark to reach: at least N new documents in this start',
        1,
        10_000_000,
      ),
    )
    .option('--exit', 'stop everything and exit with 0 once --documents is reached')
    .option('--json', 'end standard output with one line of JSON: what is there now, counted')
    .addOption(
      integerOption(
        '--decisions <N>',
        'decisions to generate besides the real articles',
        0,
        1_000_000,
      ).default(2_000),
    )
    .addOption(
      // The real API allows 20 requests a second to an application.
      integerOption('--rate <N>', 'requests/s that the simulator allows and legisync uses', 1, 1_000).default(
        20,
      ),
    )
    .addOption(
      integerOption(
        '--latency <MS>',
        'what the simulator waits before an answer, in milliseconds',
        0,
        60_000,
      ).default(25),
    )
    .addOption(
      integerOption(
        '--concurrency <N>',
        'lanes: batches in work at once (default: 4, or what was set last)',
        1,
        16,
      ),
    )
    .option('--data <DIR>', 'where the stack keeps everything (default: .local of the checkout)')
    .helpOption('-h, --help', 'show this help')
    .showHelpAfterError('See npm start -- --help')
    .addHelpText(
      'after',
      `
Examples:
  $ npm start                                              watch it work
  $ npm start -- --reset --documents 2000 --exit --json    from nothing to 2,000 documents, then report
  $ npm start -- --rate 100 --latency 0                    faster than the real API allows`,
    );
}

function integerOption(flags: string, description: string, min: number, max: number): Option {
  return new Option(flags, `${description}; ${min} to ${max}`).argParser((value) => {
    const number = /^\d+$/.test(value) ? Number(value) : NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It must be an integer from ${min} to ${max}.`);
  });
}
