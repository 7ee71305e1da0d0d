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

/** initdb takes about a second; a machine that swaps may need many. */
const INITDB_TIMEOUT_MS = 120_000;

/**
 * Named as on hosted Supabase, where `postgres` is no superuser either: a migration that only a superuser may run
 * must fail here, not first in production.
 */
export const SUPERUSER = 'supabase_admin';

interface InitOptions {
  readonly binaries: PostgresBinaries;
  readonly user: OsUser | undefined;
  readonly path: string;
  readonly passwordFile: string;
  /** Wait until the files are on the disk; throw-away clusters need not. */
  readonly sync: boolean;
}

/**
 * Makes a new cluster: UTF-8, an ICU locale (with `C` a test cannot see that two sides of a comparison sort
 * differently), and passwords for every login. Passwords, because a superuser can run programs through SQL
 * (`copy … from program`): with `trust`, everybody with an account on the machine could run some as us.
 *
 * It is made in a folder beside its place and renamed when it is whole, so that a start which is killed half way
 * leaves nothing that looks like a database.
 */
export async function initialise(options: InitOptions, signal?: AbortSignal): Promise<void> {
  const { binaries, user, path, passwordFile, sync } = options;
  const password = randomBytes(18).toString('base64url');
  const staging = await makeStagingDir(path, user);
  // Not beside the data: the server's user must be able to read it, for the one moment that initdb runs.
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
    // First the password, then the data: data without its password could never be opened again.
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
        'Put it back, or start from nothing: npm start -- --reset',
      { cause },
    );
  }
}

/** A server must not depend on the settings of whoever started it; PGPORT and its like would even mislead it. */
export function serverEnv(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' };
}
