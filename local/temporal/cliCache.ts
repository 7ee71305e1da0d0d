import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** The release that is downloaded or built; `tools/temporal/go.mod` pins the same. */
export const CLI_VERSION = '1.8.2';

/** Longer than any download or build may take, so what is older has nobody who will finish it. */
const ABANDONED_AFTER_MS = 60 * 60 * 1_000;

const WORK_PREFIX = 'work-';

/** Where the CLI is kept between runs and shared by checkouts: `$XDG_CACHE_HOME`, else `~/.cache`. */
export function cachedCliPath(env: NodeJS.ProcessEnv): string {
  const xdg = env['XDG_CACHE_HOME'];
  const home = env['HOME'];
  // A relative XDG_CACHE_HOME is to be ignored (XDG Base Directory Specification).
  const root =
    xdg?.startsWith('/') === true
      ? xdg
      : join(home === undefined || home === '' ? homedir() : home, '.cache');
  return join(root, 'legisync', 'temporal', CLI_VERSION, 'temporal');
}

/**
 * Lends a new folder beside the cached CLI to `make`, which returns the path of a finished binary in it, and moves that
 * into place. Two processes that make it at once work in folders of their own, and the move is atomic: whoever looks sees
 * no file or a whole one.
 *
 * @returns the path of the cached CLI.
 */
export async function makeCached(
  env: NodeJS.ProcessEnv,
  make: (workFolder: string) => Promise<string>,
): Promise<string> {
  const target = cachedCliPath(env);
  const folder = dirname(target);
  await mkdir(folder, { recursive: true });
  await removeAbandoned(folder);
  const work = join(folder, `${WORK_PREFIX}${randomUUID()}`);
  await mkdir(work);
  try {
    const made = await make(work);
    await chmod(made, 0o755);
    await rename(made, target);
    return target;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Half a build is 140 MB: what a killed process left behind is not kept for ever. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(WORK_PREFIX)) continue;
    const path = join(folder, name);
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}
