import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';

/** Options of `npm start -- …`. */
export interface StartOptions {
  /** Start with an empty database, bucket and Temporal history. */
  readonly reset: boolean;
  /** The number of new documents that this start aims for; undefined: no target. */
  readonly documents: number | undefined;
  /** Stop with exit code 0 at the target. */
  readonly exit: boolean;
  /** Print one line of JSON at the end. */
  readonly json: boolean;
  /** Decisions that the simulator generates, in addition to its real articles. */
  readonly decisions: number;
  /** Requests a second: the simulator's limit and the application's quota. */
  readonly rate: number;
  /** The simulator's delay before each answer, in milliseconds. */
  readonly latencyMs: number;
  /** Number of lanes: batches in progress at once; undefined: the application's own default. */
  readonly lanes: number | undefined;
  /** Folder for all data of the stack; undefined: `.local` of the checkout. */
  readonly data: string | undefined;
  /** File with collections, relative to the current folder; undefined: the application's own. */
  readonly collections: string | undefined;
}

/** `start`: continue with these options. `stop`: print the text and exit. */
export type ParsedArgs =
  | { readonly kind: 'start'; readonly options: StartOptions }
  | { readonly kind: 'stop'; readonly text: string; readonly exitCode: number };

/** Exit code for an invalid command line, as in most programs. */
const USAGE_EXIT_CODE = 2;

interface RawOptions {
  reset?: boolean;
  documents?: number;
  exit?: boolean;
  json?: boolean;
  decisions: number;
  rate: number;
  latency: number;
  lanes?: number;
  data?: string;
  collections?: string;
}

/** Parses the arguments after `npm start --`. Never exits, never prints. */
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
    if (stray !== undefined) command.error(`error: unexpected argument '${stray}': only options are allowed`);
    if (raw.exit === true && raw.documents === undefined) {
      command.error("error: option '--exit' also needs '--documents <N>'");
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
    lanes: raw.lanes,
    data: raw.data,
    collections: raw.collections,
  };
}

function startCommand(): Command {
  return new Command('npm start --')
    .description(
      'Runs a complete local legisync that collects real law texts, with a live view. Ctrl-C stops it.',
    )
    .allowExcessArguments(true)
    .option('--reset', 'start from scratch: empty the database, the bucket and the Temporal history')
    .addOption(
      integerOption('--documents <N>', 'target: at least N new documents in this start', 1, 10_000_000),
    )
    .option('--exit', 'stop everything and exit with 0 when the target of --documents is reached')
    .option('--json', 'print one line of JSON at the end: the numbers of documents, files and rows')
    .addOption(
      integerOption(
        '--decisions <N>',
        'decisions to generate in addition to the real articles',
        0,
        1_000_000,
      ).default(2_000),
    )
    .addOption(
      // The real API allows 20 requests a second to an application.
      integerOption('--rate <N>', 'requests/s: limit of the simulator, quota of legisync', 1, 1_000).default(
        20,
      ),
    )
    .addOption(
      integerOption(
        '--latency <MS>',
        'delay of the simulator before each answer, in milliseconds',
        0,
        60_000,
      ).default(25),
    )
    .addOption(
      integerOption(
        '--lanes <N>',
        'lanes: batches in progress at once (default: 4, or the last value set)',
        1,
        16,
      ),
    )
    .option('--data <DIR>', 'folder for all data of the stack (default: .local of the checkout)')
    .option('--collections <FILE>', 'collect all collections of this JSON file instead of the default ones')
    .helpOption('-h, --help', 'show this help')
    .showHelpAfterError('See npm start -- --help')
    .addHelpText(
      'after',
      `
Examples:
  $ npm start                                              collect until Ctrl-C
  $ npm start -- --reset --documents 2000 --exit --json    collect 2,000 documents from scratch, then report
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
