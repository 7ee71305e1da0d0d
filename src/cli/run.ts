import type { Config, Need } from '../config/config.ts';
import { loadConfig, type LoadedConfig } from '../config/load.ts';
import { createScrub } from '../observability/scrub.ts';
import { connectTemporal, type TemporalClient } from '../temporal/connection.ts';
import { temporalSecrets, temporalTarget } from '../temporal/target.ts';
import { toFailure, type Failure } from './errors.ts';
import { CommandError, EXIT, type ExitCode } from './exit.ts';
import { describeTarget } from './target.ts';

/** The environment of a command: input and output. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Prints results, in whole lines. */
  readonly out: (text: string) => void;
  /** Prints everything else, in whole lines. */
  readonly err: (text: string) => void;
  /** Replaces the whole screen by lines; absent if standard output is no terminal. */
  readonly redraw?: ((lines: readonly string[]) => void) | undefined;
  /** Asks the person at the terminal; absent without a terminal. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
  /** The secrets that were read so far; {@link failureOf} removes them from messages. */
  readonly secrets: string[];
}

/** The result of a command. */
export interface Outcome {
  /** The object that `--json` prints. */
  readonly data: object;
  /** The same for people. */
  readonly lines: readonly string[];
  /** Default: 0. */
  readonly exitCode?: ExitCode;
  /** The command has printed it already. Default: false. */
  readonly printed?: boolean;
}

/** What the commands that use Temporal need. */
export interface Session {
  readonly config: Config;
  readonly temporal: TemporalClient;
  readonly io: Io;
}

/** How a command runs. */
export interface How {
  /** It changes something, so it first names its target on standard error. Default: false. */
  readonly writes?: boolean;
  /** Throws if an argument is wrong. Runs before anything is connected. */
  readonly check?: (config: Config) => unknown;
}

/**
 * Deadline of a call to the server. Calls that use only the server's database take milliseconds.
 * Updates and Queries need a worker, which may be busy.
 */
const CALL_TIMEOUT_MS = 10_000;

/** Runs a command and prints its outcome or its failure. @returns the exit code */
export async function run(
  io: Io,
  options: { readonly json?: boolean | undefined },
  work: () => Outcome | Promise<Outcome>,
): Promise<ExitCode> {
  try {
    const { data, lines, exitCode, printed } = await work();
    if (printed !== true) io.out(options.json === true ? JSON.stringify(data) : lines.join('\n'));
    return exitCode ?? EXIT.ok;
  } catch (error) {
    return report(io, options, error);
  }
}

/**
 * Prints a failure: with `--json` as `{"error":{code,message,next}}` on standard output, else on
 * standard error.
 */
export function report(io: Io, options: { readonly json?: boolean | undefined }, error: unknown): ExitCode {
  const { exitCode, code, message, next } = failureOf(io, error);
  if (options.json === true) io.out(JSON.stringify({ error: { code, message, next } }));
  else io.err(`Error ${code}: ${message}\nNext: ${next}`);
  return exitCode;
}

/** The failure, without the secrets that an external message may repeat. */
export function failureOf({ secrets }: Pick<Io, 'secrets'>, error: unknown): Failure {
  const { exitCode, code, message, next } = toFailure(error);
  const scrub = createScrub(secrets);
  return { exitCode, code, message: scrub(message), next: scrub(next) };
}

/**
 * Loads the configuration and prints its warnings.
 *
 * @throws ConfigError; CommandError `STACK_STARTING`: without its settings, the command would reach
 * other servers
 */
export function configure<const N extends Need = never>(io: Io, need: readonly N[] = []): LoadedConfig<N> {
  const loaded = loadConfig({ env: io.env, cwd: io.cwd, need });
  io.secrets.push(...loaded.secrets);
  for (const warning of loaded.warnings) io.err(`Warning: ${warning}`);
  if (loaded.startingStack !== undefined) {
    throw new CommandError(
      EXIT.config,
      'STACK_STARTING',
      `The local stack of ${loaded.startingStack} is still starting, so its addresses are not known.`,
      'repeat the command when `npm start` shows its first figures',
    );
  }
  return loaded;
}

/** Runs `work` with the configuration. */
export async function withConfig(
  io: Io,
  work: (config: Config) => Outcome | Promise<Outcome>,
  { writes, check }: How = {},
): Promise<Outcome> {
  const loaded = configure(io);
  await check?.(loaded.config);
  if (writes === true) io.err(`Target: ${describeTarget(loaded)}`);
  return work(loaded.config);
}

/** Runs `work` with a connection to Temporal, and closes the connection. */
export async function withTemporal(
  io: Io,
  work: (session: Session) => Promise<Outcome>,
  { writes, check }: How = {},
): Promise<Outcome> {
  const loaded = configure(io);
  const { config } = loaded;
  await check?.(config);
  io.secrets.push(...temporalSecrets(temporalTarget(config)));
  const temporal = await connectTemporal(config);
  try {
    if (writes === true) io.err(`Target: ${describeTarget(loaded, temporal)}`);
    return await work({ config, temporal, io });
  } finally {
    await temporal.connection.close();
  }
}

/** Runs a call to the server with the deadline of {@link CALL_TIMEOUT_MS}. */
export function withDeadline<T>({ temporal }: Pick<Session, 'temporal'>, call: () => Promise<T>): Promise<T> {
  return temporal.connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, call);
}
