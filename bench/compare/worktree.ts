import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Shutdown } from '../../local/launcher/shutdown.ts';

const run = promisify(execFile);

/**
 * Checks out a commit in a temporary folder, which is removed at the end. If the commit needs the
 * same packages as this checkout, they are linked into it; otherwise they are installed.
 *
 * @returns the folder
 */
export async function checkOut(checkout: string, commit: string, shutdown: Shutdown): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'legisync-compare-'));
  const folder = join(parent, 'checkout');
  const git = (...args: readonly string[]) => run('git', ['-C', checkout, ...args]);
  const { signal } = shutdown;
  const prepared = (async () => {
    await git('worktree', 'add', '--detach', folder, commit);
    signal.throwIfAborted();
    if (await isInstalled(folder, checkout))
      await symlink(join(checkout, 'node_modules'), join(folder, 'node_modules'));
    else await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, signal });
  })();
  shutdown.add({
    name: 'checkout',
    async stop() {
      // Otherwise Git would still write into the folder while it is removed.
      await Promise.allSettled([prepared]);
      await rm(parent, { recursive: true, force: true, maxRetries: 10 });
      await git('worktree', 'prune');
    },
    kill: () => undefined,
  });
  await prepared;
  return folder;
}

const versions = z.record(z.string(), z.string()).default({});
const wanted = z.object({ dependencies: versions, devDependencies: versions });
const installed = z.object({ version: z.string() });

/**
 * Whether all packages of `folder` are installed in `checkout`, in the same versions. All versions
 * in package.json are exact: a range counts as not installed. The lock files may differ, because a
 * new package of one side does not affect the other.
 */
async function isInstalled(folder: string, checkout: string): Promise<boolean> {
  const { dependencies, devDependencies } = wanted.parse(await readJson(join(folder, 'package.json')));
  const same = await Promise.all(
    Object.entries({ ...dependencies, ...devDependencies }).map(async ([name, version]) => {
      const file = join(checkout, 'node_modules', name, 'package.json');
      return installed.parse(await readJson(file).catch(() => ({ version: 'none' }))).version === version;
    }),
  );
  return same.every(Boolean);
}

const readJson = async (file: string): Promise<unknown> =>
  JSON.parse(await readFile(file, 'utf8')) as unknown;
