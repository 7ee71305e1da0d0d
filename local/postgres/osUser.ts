import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Limit for each helper program; they take milliseconds. */
const COMMAND_TIMEOUT_MS = 10_000;

/** The ids of the user that runs the server. */
export interface OsUser {
  readonly uid: number;
  readonly gid: number;
}

const USER_NAME = 'postgres';

/**
 * The user that runs the server; undefined for the current user. PostgreSQL refuses to run as root,
 * so root runs it as the system user `postgres`, which is created if it is missing.
 */
export async function serverUser(): Promise<OsUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const known = await lookUp();
  if (known !== undefined) return known;
  await run(
    'useradd',
    ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', USER_NAME],
    {
      timeout: COMMAND_TIMEOUT_MS,
    },
  ).catch((cause: unknown) => {
    throw new Error(
      `PostgreSQL does not run as root, and the system user '${USER_NAME}' is missing and could not be created. ` +
        `Create it with: useradd --system ${USER_NAME}. Or start as a normal user.`,
      { cause },
    );
  });
  const made = await lookUp();
  if (made === undefined)
    throw new Error(`useradd did not create the user '${USER_NAME}'. Check: id ${USER_NAME}`);
  return made;
}

async function lookUp(): Promise<OsUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([idOf('-u'), idOf('-g')]);
    return { uid, gid };
  } catch {
    return undefined;
  }
}

async function idOf(flag: '-u' | '-g'): Promise<number> {
  const { stdout } = await run('id', [flag, USER_NAME], { timeout: COMMAND_TIMEOUT_MS });
  return Number(stdout.trim());
}

/**
 * Whether the user can enter `folder`. It is tried, because access rules of any kind can apply.
 */
export async function canEnter(user: OsUser, folder: string): Promise<boolean> {
  return run('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], {
    ...user,
    cwd: '/',
    timeout: COMMAND_TIMEOUT_MS,
  }).then(
    () => true,
    () => false,
  );
}
