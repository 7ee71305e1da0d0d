import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readlink, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { processIsAlive, readPostmasterPid } from './postmasterPid.ts';
import { canEnter } from './osUser.ts';
import type { OsUser } from './osUser.ts';

/** Root of the data folders of checkouts that the server's user cannot enter. */
const FALLBACK_ROOT = '/var/lib/legisync';

export interface DataDir {
  /** The real folder. It may not exist yet: initdb creates it. */
  readonly path: string;
  /** A note for the user about the location of the data. */
  readonly note?: string;
}

/** The files next to a data folder that belong to it. */
export function siblings(dataDir: string): { password: string; owner: string } {
  return { password: `${dataDir}.password`, owner: `${dataDir}.owner` };
}

/**
 * Determines the data folder. Normally that is `dataDir`. If the server's user cannot access it
 * (only root can enter root's home), the data folder is /var/lib/legisync/<hash of the
 * path>/postgres, and `dataDir` becomes a symbolic link to it.
 *
 * Users reset a checkout by deleting the link (`rm -rf .local`). Data without its link is therefore
 * removed and not reused; otherwise a fresh clone at the same path would start with an old
 * database.
 */
export async function resolveDataDir(dataDir: string, user: OsUser | undefined): Promise<DataDir> {
  const parent = dirname(dataDir);
  await mkdir(parent, { recursive: true });
  if (user === undefined || (await canEnter(user, parent))) return { path: dataDir };

  const target = fallbackFor(dataDir);
  const note = `PostgreSQL's user cannot enter ${parent}, so the data is in ${target} (${dataDir} is a link to it).`;
  if ((await linkTarget(dataDir)) === target) return { path: target, note };
  if (await present(dataDir)) {
    throw new Error(
      `${dataDir} exists, but PostgreSQL's user cannot enter it. Move it away, then start again.`,
    );
  }
  await removeFolder(target);
  await mkdir(dirname(target), { recursive: true });
  for (const folder of [FALLBACK_ROOT, dirname(target)]) await chmod(folder, 0o755);
  await symlink(target, dataDir);
  return { path: target, note };
}

/**
 * Removes a data folder, the files next to it, and the target of its link. Throws while a server
 * uses it.
 */
export async function removeDataDir(dataDir: string): Promise<void> {
  const absolute = resolve(dataDir);
  const fallback = fallbackFor(absolute);
  await removeFolder(fallback);
  await rm(dirname(fallback), { recursive: true, force: true });
  if ((await linkTarget(absolute)) === undefined) await removeFolder(absolute);
  const { password, owner } = siblings(absolute);
  for (const path of [absolute, password, owner]) await rm(path, { recursive: true, force: true });
}

/** Creates an empty folder next to `path` for initdb, owned by the server's user. */
export async function makeStagingDir(path: string, user: OsUser | undefined): Promise<string> {
  const staging = join(dirname(path), `.${basename(path)}.init`);
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true, mode: 0o700 });
  if (user !== undefined) await chown(staging, user.uid, user.gid);
  return staging;
}

export async function isInitialised(path: string): Promise<boolean> {
  return present(join(path, 'PG_VERSION'));
}

function fallbackFor(dataDir: string): string {
  // 16 hex digits: two checkouts on one machine never collide.
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  return join(FALLBACK_ROOT, hash, 'postgres');
}

async function removeFolder(path: string): Promise<void> {
  const running = await readPostmasterPid(path);
  if (running !== undefined && (await processIsAlive(running.pid, path))) {
    throw new Error(
      `A PostgreSQL server (pid ${running.pid}) uses ${path}. Stop it first: kill -INT ${running.pid}`,
    );
  }
  await rm(path, { recursive: true, force: true });
}

async function linkTarget(path: string): Promise<string | undefined> {
  const entry = await lstat(path).catch(() => undefined);
  return entry?.isSymbolicLink() === true ? resolve(dirname(path), await readlink(path)) : undefined;
}

async function present(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
