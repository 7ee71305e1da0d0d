import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLI_VERSION, makeCached } from './cliCache.ts';
import { signalGroup } from '../launcher/processes.ts';
import { findOnPath, isExecutableFile, probeCli } from './cliProbe.ts';
import { WayFailed, type WayContext } from './way.ts';

/** The folder of go.mod and go.sum, which pin every module of the CLI. */
const MODULE_FOLDER = fileURLToPath(new URL('../../tools/temporal/', import.meta.url));

/**
 * For a slow machine with a slow network. Measured on 2 cores: 13 s for 150 modules, then less than
 * 3 minutes for the build.
 */
const BUILD_TIMEOUT_MS = 15 * 60_000;

/** Often enough to show that it does not hang. */
const PROGRESS_EVERY_MS = 15_000;

/** Enough for the first package that failed, and so for the kind of failure. */
const MAX_REASON_LENGTH = 600;

/**
 * Builds the CLI from the Go module proxy into the cache, once.
 *
 * @throws WayFailed if there is no Go, or the build fails or takes longer than 15 minutes.
 */
export async function buildCli({ env, log, signal }: WayContext): Promise<string> {
  const go = await findGo(env);
  return await makeCached(env, async (folder) => {
    log(`temporal: building the CLI ${CLI_VERSION} with ${go} (once, about 3 minutes)`);
    const file = join(folder, 'temporal');
    await runBuild(go, file, { env, log, signal });
    await probeCli(file, signal);
    return file;
  });
}

async function findGo(env: NodeJS.ProcessEnv): Promise<string> {
  const onPath = await findOnPath('go', env);
  if (onPath !== undefined) return onPath;
  const root = env['GOROOT'];
  if (root === undefined || root === '') throw new WayFailed('there is no go on PATH, and GOROOT is not set');
  const inRoot = join(root, 'bin', 'go');
  if (await isExecutableFile(inRoot)) return inRoot;
  throw new WayFailed(`there is no go on PATH, and none at ${inRoot} (GOROOT)`);
}

async function runBuild(go: string, output: string, { env, log, signal }: WayContext): Promise<void> {
  signal?.throwIfAborted();
  const startedAt = performance.now();
  const elapsed = (): number => Math.round((performance.now() - startedAt) / 1_000);
  // `-X` sets the output of `temporal --version`; a build from modules would print 0.0.0-DEV.
  const versionFlag = `-X github.com/temporalio/cli/internal/temporalcli.Version=${CLI_VERSION}`;
  const child = spawn(
    go,
    [
      'build',
      '-trimpath',
      '-ldflags',
      `-s -w ${versionFlag}`,
      '-o',
      output,
      'github.com/temporalio/cli/cmd/temporal',
    ],
    {
      cwd: MODULE_FOLDER,
      env: { ...env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' },
      // Compilers and the linker outlive Go when it is killed, so all are ended as one process
      // group.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_REASON_LENGTH);
  });
  const deadline = AbortSignal.timeout(BUILD_TIMEOUT_MS);
  const stop = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
  const kill = (): void => {
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
  };
  stop.addEventListener('abort', kill, { once: true });
  const progress = setInterval(() => {
    log(`temporal: building the CLI, ${elapsed()} s so far`);
  }, PROGRESS_EVERY_MS);
  let code: number | null;
  try {
    code = await new Promise<number | null>((resolve, reject) => {
      child.once('close', resolve);
      child.once('error', reject);
    });
  } finally {
    clearInterval(progress);
    stop.removeEventListener('abort', kill);
  }
  signal?.throwIfAborted();
  if (deadline.aborted)
    throw new WayFailed(`${go} build was not finished after ${BUILD_TIMEOUT_MS / 60_000} min`);
  if (code !== 0) {
    throw new WayFailed(`${go} build failed: ${stderr.trim().replaceAll(/\s+/g, ' ')}`);
  }
  log(`temporal: built the CLI in ${elapsed()} s`);
}
