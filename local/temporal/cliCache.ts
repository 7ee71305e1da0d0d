import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** The release that is downloaded or built. `tools/temporal/go.mod` pins the same one. */
export const CLI_VERSION = '1.8.2';

/** Longer than any download or build may take, so older folders are abandoned. */
const ABANDONED_AFTER_MS = 60 * 60 * 1_000;

const WORK_PREFIX = 'work-';

/**
 * The path of the CLI in the cache, which all checkouts share: below `$XDG_CACHE_HOME`, else
 * `~/.cache`.
 */
export function cachedCliPath(env: NodeJS.ProcessEnv): string {
  const xdg = env['XDG_CACHE_HOME'];
  const home = env['HOME'];
  // A relative XDG_CACHE_HOME must be ignored (XDG Base Directory Specification).
  const root =
    xdg?.startsWith('/') === true
      ? xdg
      : join(home === undefined || home === '' ? homedir() : home, '.cache');
  return join(root, 'legisync', 'temporal', CLI_VERSION, 'temporal');
}

/**
 * Calls `make` with a new folder next to the cached CLI, and moves the binary that it returns into
 * place. Concurrent processes use separate folders, and the move is atomic: a reader sees no file
 * or a complete one.
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

/** Removes folders that a killed process left. An incomplete build has 140 MB. */
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
