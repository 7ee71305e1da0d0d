import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { asError } from '../launcher/errors.ts';
import { WayFailed } from './way.ts';

/** Printing a help text takes 0.2 s; a cold disk and a busy machine make it a few seconds. */
const PROBE_TIMEOUT_MS = 15_000;

/** What we start the server with. The first of them came last: a CLI that knows it (1.8 does) knows them all. */
const NEEDED_FLAGS = [
  '--ui-disable-news-fetch',
  '--search-attribute',
  '--dynamic-config-value',
  '--db-filename',
] as const;

/** Looks a program up the way a shell does. */
export async function findOnPath(program: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const candidate = join(folder, program);
    if (folder !== '' && (await isExecutableFile(candidate))) return candidate;
  }
  return undefined;
}

/** Whether there is a file that this user may execute. */
export async function isExecutableFile(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/**
 * Runs the CLI once, to see that it runs here (right platform, not cut short) and can start the server as we need it.
 *
 * @throws WayFailed
 */
export async function probeCli(path: string, signal: AbortSignal | undefined): Promise<void> {
  let help: string;
  try {
    const answer = await promisify(execFile)(path, ['server', 'start-dev', '--help'], {
      timeout: PROBE_TIMEOUT_MS,
      killSignal: 'SIGKILL',
      signal,
    });
    help = answer.stdout;
  } catch (error) {
    signal?.throwIfAborted();
    const [reason] = asError(error).message.split('\n');
    throw new WayFailed(`${path} does not run: ${String(reason)}`, { cause: error });
  }
  const lacking = NEEDED_FLAGS.find((flag) => !help.includes(flag));
  if (lacking !== undefined) {
    throw new WayFailed(
      `${path} does not do: its "server start-dev" has no ${lacking} (CLI 1.8 and newer have it)`,
    );
  }
}
