import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLI_VERSION, makeCached } from './cliCache.ts';
import { isExecutableFile, probeCli } from './cliProbe.ts';
import { WayFailed, type WayContext } from './way.ts';

/**
 * If no byte arrives for this long, the download site counts as unreachable. A firewall that drops
 * packets would otherwise block the start for minutes.
 */
const STALL_MS = 15_000;

/**
 * Total limit: 50 MB at 1.4 Mbit/s. With a slower network, building or installing the CLI is no
 * slower.
 */
const TOTAL_MS = 5 * 60_000;

const CHECK_EVERY_MS = 500;

/** The SDK's error is a chain of causes in one line; the first ones are enough. */
const MAX_REASON_LENGTH = 300;

/**
 * Lets the Temporal SDK download the CLI into the cache. The SDK does this only when it starts a
 * server, and the download cannot be stopped, so it runs in a separate process that can be killed.
 *
 * @throws WayFailed if the download site cannot be reached or the download stalls.
 */
export async function downloadCli({ env, log, signal }: WayContext): Promise<string> {
  log(`temporal: downloading the CLI ${CLI_VERSION} with the Temporal SDK`);
  return await makeCached(env, async (folder) => {
    const said = await runDownload(folder, env, signal);
    // The SDK chooses the file name. Only the complete file matters: the server that the SDK then
    // starts and stops may fail.
    const file = join(folder, `temporal-v${CLI_VERSION}`);
    if (!(await isExecutableFile(file))) throw new WayFailed(said === '' ? 'it brought no file' : said);
    await probeCli(file, signal);
    return file;
  });
}

/** @returns its standard error, in one line. */
async function runDownload(
  folder: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<string> {
  signal?.throwIfAborted();
  const script = fileURLToPath(new URL('./sdkDownload.ts', import.meta.url));
  const child = spawn(process.execPath, [script, folder, `v${CLI_VERSION}`], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(0, MAX_REASON_LENGTH);
  });
  let stopped: string | undefined;
  const stop = (reason: string): void => {
    stopped ??= reason;
    child.kill('SIGKILL');
  };
  const onAbort = (): void => {
    stop('stopped');
  };
  signal?.addEventListener('abort', onAbort, { once: true });

  const startedAt = Date.now();
  let movedAt = startedAt;
  let size = 0;
  const watch = setInterval(() => {
    void sizeOf(folder).then((now) => {
      if (now !== size) movedAt = Date.now();
      size = now;
      if (Date.now() - movedAt > STALL_MS) stop(`nothing arrived for ${STALL_MS / 1_000} s`);
      else if (Date.now() - startedAt > TOTAL_MS) stop(`not finished after ${TOTAL_MS / 60_000} min`);
    });
  }, CHECK_EVERY_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('close', () => {
        resolve();
      });
      child.once('error', reject);
    });
  } finally {
    clearInterval(watch);
    signal?.removeEventListener('abort', onAbort);
  }
  signal?.throwIfAborted();
  return stopped ?? stderr.trim().replaceAll(/\s+/g, ' ');
}

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (found) => found.size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, one) => sum + one, 0);
}
