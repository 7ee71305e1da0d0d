import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Bounds each helper program; they all answer in milliseconds. */
const COMMAND_TIMEOUT_MS = 10_000;

/** The ids to run the server under: `undefined` where it runs as the user we are. */
export interface OsUser {
  readonly uid: number;
  readonly gid: number;
}

const USER_NAME = 'postgres';

/**
 * PostgreSQL refuses to run as root, so root runs it as the system user `postgres`, made when it is missing.
 * Everybody else runs it as themselves.
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
      `PostgreSQL does not run as root, and the system user '${USER_NAME}' is missing and could not be made. ` +
        `Make it with: useradd --system ${USER_NAME}. Or start as a normal user.`,
      { cause },
    );
  });
  const made = await lookUp();
  if (made === undefined) throw new Error(`useradd made no user '${USER_NAME}'. Check: id ${USER_NAME}`);
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

/** Whether that user can enter `folder`: tried, not computed, so that every kind of access rule counts. */
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
