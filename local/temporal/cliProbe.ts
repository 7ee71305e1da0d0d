import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { asError } from '../launcher/errors.ts';
import { WayFailed } from './way.ts';

/** Printing a help text takes 0.2 s, or a few seconds with a cold disk on a busy machine. */
const PROBE_TIMEOUT_MS = 15_000;

/**
 * Flags that the server is started with. The first one is the newest: a CLI that has it (1.8 and
 * newer) has all of them.
 */
const NEEDED_FLAGS = [
  '--ui-disable-news-fetch',
  '--search-attribute',
  '--dynamic-config-value',
  '--db-filename',
] as const;

/** Finds a program as a shell does. */
export async function findOnPath(program: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const candidate = join(folder, program);
    if (folder !== '' && (await isExecutableFile(candidate))) return candidate;
  }
  return undefined;
}

/** Whether the file exists and this user may execute it. */
export async function isExecutableFile(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/**
 * Runs the CLI once, to check that it works (right platform, complete file) and has the flags that
 * we need.
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
      `${path} is too old: its "server start-dev" has no ${lacking} (CLI 1.8 and newer have it)`,
    );
  }
}
