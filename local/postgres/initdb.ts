import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { chown, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PostgresBinaries } from './binaries.ts';
import { makeStagingDir } from './dataDir.ts';
import type { OsUser } from './osUser.ts';

const run = promisify(execFile);

/** initdb takes about a second, and much longer on a machine that swaps. */
const INITDB_TIMEOUT_MS = 120_000;

/**
 * The same name as on hosted Supabase, where `postgres` is not a superuser: a migration that needs
 * a superuser must fail here, not only in production.
 */
export const SUPERUSER = 'supabase_admin';

interface InitOptions {
  readonly binaries: PostgresBinaries;
  readonly user: OsUser | undefined;
  readonly path: string;
  readonly passwordFile: string;
  /** Wait until the files are on disk. Not needed for temporary clusters. */
  readonly sync: boolean;
}

/**
 * Creates a cluster: UTF-8, an ICU locale (with `C`, tests could not detect that two sides of a
 * comparison sort differently), and passwords for all logins. Passwords are needed because a
 * superuser can run programs through SQL (`copy … from program`): with `trust`, every user of the
 * machine could run programs as the server's user.
 *
 * The cluster is created in a folder next to its final place and renamed when it is complete, so
 * that a killed start leaves nothing that looks like a database.
 */
export async function initialise(options: InitOptions, signal?: AbortSignal): Promise<void> {
  const { binaries, user, path, passwordFile, sync } = options;
  const password = randomBytes(18).toString('base64url');
  const staging = await makeStagingDir(path, user);
  // Not next to the data: the server's user must be able to read it while initdb runs.
  const pwfile = join(tmpdir(), `legisync-initdb-${randomUUID()}`);
  try {
    await writeFile(pwfile, `${password}\n`, { mode: 0o600 });
    if (user !== undefined) await chown(pwfile, user.uid, user.gid);
    await run(
      binaries.initdb,
      [
        ...['-D', staging, '-U', SUPERUSER, '--pwfile', pwfile, '-A', 'scram-sha-256', '-E', 'UTF8'],
        ...['--locale-provider=icu', '--icu-locale=fr-FR', '--locale=C', ...(sync ? [] : ['--no-sync'])],
      ],
      { ...user, cwd: '/', env: serverEnv(), timeout: INITDB_TIMEOUT_MS, ...(signal && { signal }) },
    );
    // The password first: data without its password can never be opened again.
    await writeFile(passwordFile, password, { mode: 0o600 });
    await rename(staging, path);
  } finally {
    await Promise.all([rm(pwfile, { force: true }), rm(staging, { recursive: true, force: true })]);
  }
}

export async function readPassword(passwordFile: string): Promise<string> {
  try {
    return (await readFile(passwordFile, 'utf8')).trim();
  } catch (cause) {
    throw new Error(
      `The database's password file ${passwordFile} is missing, and without it the data cannot be opened. ` +
        'Restore it, or start from scratch: npm start -- --reset',
      { cause },
    );
  }
}

/**
 * The server must not depend on the environment of its starter, such as PGPORT.
 */
export function serverEnv(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' };
}
