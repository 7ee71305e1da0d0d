import type { Config, Need } from '../config/config.ts';
import { loadConfig, type LoadedConfig } from '../config/load.ts';
import { createScrub } from '../observability/scrub.ts';
import { connectTemporal, type TemporalClient } from '../temporal/connection.ts';
import { toFailure, type Failure } from './errors.ts';
import { EXIT, type ExitCode } from './exit.ts';

/** The world as a command sees it. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Results, whole lines. */
  readonly out: (text: string) => void;
  /** Everything else, whole lines. */
  readonly err: (text: string) => void;
  /** Puts a question to whoever sits at the terminal; absent where nobody does. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
  /** Secrets of the configuration, as far as it was read; see {@link failureOf}. */
  readonly secrets: string[];
}

/** What a command has to say. */
export interface Outcome {
  /** The object that `--json` prints. */
  readonly data: object;
  /** The same for people. */
  readonly lines: readonly string[];
  /** Default: 0. */
  readonly exitCode?: ExitCode;
}

/** What commands that talk to Temporal work with. */
export interface Session {
  readonly config: Config;
  readonly temporal: TemporalClient;
  readonly io: Io;
}

/**
 * Calls to the server that only read or write its database take milliseconds; Updates and Queries need a worker, which
 * may be busy. A command that has no answer by then says so.
 */
const CALL_TIMEOUT_MS = 10_000;

/** Runs a command: prints its outcome or its failure, and gives the exit code. */
export async function run(
  io: Io,
  options: { readonly json?: boolean | undefined },
  work: () => Outcome | Promise<Outcome>,
): Promise<ExitCode> {
  try {
    const { data, lines, exitCode } = await work();
    io.out(options.json === true ? JSON.stringify(data) : lines.join('\n'));
    return exitCode ?? EXIT.ok;
  } catch (error) {
    return report(io, options, error);
  }
}

/** Prints a failure: with `--json` as `{"error":{code,message,next}}` on standard output, else on standard error. */
export function report(io: Io, options: { readonly json?: boolean | undefined }, error: unknown): ExitCode {
  const { exitCode, code, message, next } = failureOf(io, error);
  if (options.json === true) io.out(JSON.stringify({ error: { code, message, next } }));
  else io.err(`Error ${code}: ${message}\nNext: ${next}`);
  return exitCode;
}

/** How something failed, without the secrets that an answer may have repeated. */
export function failureOf({ secrets }: Pick<Io, 'secrets'>, error: unknown): Failure {
  const { exitCode, code, message, next } = toFailure(error);
  return { exitCode, code, message: createScrub(secrets)(message), next };
}

/** Loads the configuration; its warnings go to standard error. */
export function configure<const N extends Need = never>(io: Io, need: readonly N[] = []): LoadedConfig<N> {
  const loaded = loadConfig({ env: io.env, cwd: io.cwd, need });
  io.secrets.push(...loaded.secrets);
  for (const warning of loaded.warnings) io.err(`Warning: ${warning}`);
  return loaded;
}

/** Connects to Temporal, lets `work` do its calls, and disconnects. */
export async function withTemporal(io: Io, work: (session: Session) => Promise<Outcome>): Promise<Outcome> {
  const { config } = configure(io);
  const temporal = await connectTemporal(config);
  try {
    return await work({ config, temporal, io });
  } finally {
    await temporal.connection.close();
  }
}

/** Gives calls to the server their deadline. */
export function withDeadline<T>({ temporal }: Pick<Session, 'temporal'>, call: () => Promise<T>): Promise<T> {
  return temporal.connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, call);
}
