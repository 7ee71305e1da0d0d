import { asError, errorCode } from '../launcher/errors.ts';
import { buildCli } from './cliBuild.ts';
import { cachedCliPath, CLI_VERSION } from './cliCache.ts';
import { downloadCli } from './cliDownload.ts';
import { findOnPath, isExecutableFile, probeCli } from './cliProbe.ts';
import { WayFailed, type Way, type WayContext } from './way.ts';

/** The Temporal CLI on this machine: server and Web UI in one binary. */
export interface TemporalCli {
  readonly path: string;
  readonly via: string;
}

export interface FindTemporalCliOptions extends Omit<WayContext, 'env'> {
  /** Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default {@link WAYS}. */
  readonly ways?: readonly Way[];
}

const onPath: Way = {
  via: 'PATH',
  find: async ({ env, signal }) => {
    const path = await findOnPath('temporal', env);
    if (path === undefined) throw new WayFailed('there is no program named temporal');
    await probeCli(path, signal);
    return path;
  },
};

const fromCache: Way = {
  via: 'the cache of an earlier run',
  find: async ({ env, signal }) => {
    const path = cachedCliPath(env);
    if (!(await isExecutableFile(path))) throw new WayFailed(`nothing at ${path}`);
    await probeCli(path, signal);
    return path;
  },
};

/** From the fastest to the slowest. */
export const WAYS: readonly Way[] = [
  onPath,
  fromCache,
  { via: "the Temporal SDK's download", find: downloadCli },
  { via: 'a build with Go', find: buildCli },
];

/**
 * Finds, downloads or builds the Temporal CLI. If `TEMPORAL_CLI_PATH` is set, only that is used.
 * Otherwise, in this order: PATH, the cache, the SDK's download, a build from `tools/temporal`.
 *
 * @throws Error if `TEMPORAL_CLI_PATH` is not a working CLI, or if no way works (the error explains
 * each, and says what to do); the reason of `signal` when it is aborted.
 */
export async function findTemporalCli({
  log,
  signal,
  env = process.env,
  ways = WAYS,
}: FindTemporalCliOptions): Promise<TemporalCli> {
  const named = env['TEMPORAL_CLI_PATH'];
  if (named !== undefined && named !== '') return await useNamed(named, signal);

  const reasons = ['TEMPORAL_CLI_PATH: not set'];
  for (const { via, find } of ways) {
    signal?.throwIfAborted();
    try {
      return { path: await find({ log, env, signal }), via };
    } catch (error) {
      signal?.throwIfAborted();
      // After a system error (a full disk, a read-only cache) the next way may still work. Any
      // other error is a bug.
      if (!(error instanceof WayFailed) && errorCode(error) === undefined) throw error;
      reasons.push(`${via}: ${asError(error).message}`);
    }
  }
  throw new Error(
    [
      'the Temporal CLI was not found and could not be installed. Tried:',
      ...reasons.map((reason) => `  - ${reason}`),
      `Install the Temporal CLI ${CLI_VERSION} or newer (https://docs.temporal.io/cli) so that it is on PATH, or set its path:`,
      '  TEMPORAL_CLI_PATH=/path/to/temporal npm start',
      'or install Go 1.21 or newer (https://go.dev/dl): npm start then builds the CLI once.',
    ].join('\n'),
  );
}

/** If the user names a CLI, no other one is used silently. */
async function useNamed(path: string, signal: AbortSignal | undefined): Promise<TemporalCli> {
  const advice = 'Correct TEMPORAL_CLI_PATH, or unset it to search for the CLI: unset TEMPORAL_CLI_PATH';
  if (!(await isExecutableFile(path))) {
    throw new Error(`TEMPORAL_CLI_PATH is ${path}, but there is no executable file. ${advice}`);
  }
  try {
    await probeCli(path, signal);
  } catch (error) {
    if (!(error instanceof WayFailed)) throw error;
    throw new Error(`TEMPORAL_CLI_PATH cannot be used: ${error.message}. ${advice}`, { cause: error });
  }
  return { path, via: 'TEMPORAL_CLI_PATH' };
}
