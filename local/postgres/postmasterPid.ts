import { readFile, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';

/** What PostgreSQL writes about itself into `postmaster.pid`. */
interface PostmasterPid {
  readonly pid: number;
  /** Line 8: "ready" once connections are accepted. This is what `pg_ctl -w` reads, too. */
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
 * Whether `pid` is a PostgreSQL server of this data folder. After a kill -9 and a restart of the machine (or of its
 * container) the recorded number often belongs to somebody else, whom we must neither wait for nor signal. A
 * server's working directory is its data folder. Without /proc the number alone has to do.
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

/** Sends a signal; false when there is no such process (or it is not ours to signal). */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/** A living process with the moment of its start, which a later process of the same number does not share. */
export async function processIdentity(pid: number): Promise<string | undefined> {
  if (!signal(pid, 0)) return undefined;
  const fields = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name, field 2, may hold blanks: count from behind its closing parenthesis. Field 3 is the state, 22 the start.
  const [state, ...rest] = fields.slice(fields.lastIndexOf(')') + 2).split(' ');
  // A zombie answers signals, but is only an entry that its parent has not taken away yet.
  if (state === 'Z') return undefined;
  const startTime = rest[18] ?? '';
  return `${pid} ${startTime}`;
}
