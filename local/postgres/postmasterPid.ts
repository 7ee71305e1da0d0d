import { readFile, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';

/** The content of `postmaster.pid`, which PostgreSQL writes. */
interface PostmasterPid {
  readonly pid: number;
  /** Line 8: "ready" when connections are accepted. `pg_ctl -w` reads it too. */
  readonly ready: boolean;
}

export async function readPostmasterPid(dataDir: string): Promise<PostmasterPid | undefined> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, ready: lines[7]?.trim() === 'ready' };
}

/**
 * Whether `pid` is a PostgreSQL server of this data folder. After a kill -9 and a restart of the
 * machine (or its container), the recorded pid often belongs to another process, which we must
 * neither wait for nor signal. A server's working directory is its data folder. Without /proc, only
 * the pid is checked.
 */
export async function processIsAlive(pid: number, dataDir: string): Promise<boolean> {
  if (!signal(pid, 0)) return false;
  if (process.platform !== 'linux') return true;
  const [actual, expected] = await Promise.all([
    readlink(`/proc/${pid}/cwd`).catch(() => undefined),
    realpath(dataDir).catch(() => dataDir),
  ]);
  return actual === expected;
}

/** Sends a signal. Returns false if there is no such process, or no permission to signal it. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/**
 * The pid and the start time of a running process. A later process with the same pid has another
 * start time.
 */
export async function processIdentity(pid: number): Promise<string | undefined> {
  if (!signal(pid, 0)) return undefined;
  const fields = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name, field 2, may contain spaces: count from its closing parenthesis. Field 3 is the
  // state, 22 the start.
  const [state, ...rest] = fields.slice(fields.lastIndexOf(')') + 2).split(' ');
  // A zombie can be signalled, but it has ended and only waits for its parent.
  if (state === 'Z') return undefined;
  const startTime = rest[18] ?? '';
  return `${pid} ${startTime}`;
}
