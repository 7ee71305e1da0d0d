import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { PollTimeout, pollUntil } from './poll.ts';

/**
 * A process, named so that it cannot be mistaken for a later one.
 *
 * Process numbers are used again. A number read from a file of an earlier run may by now be somebody's editor, so a
 * number alone is never signalled: the start time must match too.
 */
export interface ProcessId {
  readonly pid: number;
  /** Opaque text, the same for as long as this process lives; from {@link startTimeOf}. */
  readonly startTime: string;
}

/** What asks a part to stop. Most listen to SIGTERM; PostgreSQL takes SIGTERM for "when the last client has gone", SIGINT for "now, cleanly". */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;
export type StopSignal = (typeof STOP_SIGNALS)[number];

/** What became of a process that was asked to go. `survived`: it could not be signalled, or outlived SIGKILL. */
export type StopOutcome = 'gone' | 'stopped' | 'killed' | 'survived';

/** SIGKILL works at once, except in an uninterruptible disk wait: that is worth two seconds, not more. */
const KILL_WAIT_MS = 2_000;

const STOP_POLL_MS = 25;

/**
 * When process `pid` started, as text to compare with an earlier answer; undefined when there is none (a zombie, which
 * only waits for its parent to notice, counts as none).
 *
 * On Linux: the machine's boot id and field 22 of `/proc/<pid>/stat`, in clock ticks since that boot. Elsewhere:
 * `ps -o lstart`, to the second.
 */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? await linuxStartTime(pid) : await psStartTime(pid);
}

async function linuxStartTime(pid: number): Promise<string | undefined> {
  let stat: string;
  try {
    stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the program's name in parentheses and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (state === 'Z' || state === 'X' || startTicks === undefined) return undefined;
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${bootId.trim()}:${startTicks}`;
}

async function psStartTime(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      env: { ...process.env, LC_ALL: 'C' },
      timeout: 5_000,
    });
    const [state = '', ...started] = stdout.trim().split(/\s+/);
    return state === '' || state.startsWith('Z') ? undefined : started.join(' ');
  } catch {
    return undefined;
  }
}

/** Whether exactly this process is still running. */
export async function isRunning({ pid, startTime }: ProcessId): Promise<boolean> {
  return (await startTimeOf(pid)) === startTime;
}

/**
 * Signals the process group that `pid` leads.
 *
 * @returns false when there is no such group, or it is not ours to signal.
 * @throws RangeError for a number below 2: `kill(-1)` would signal every process of this user.
 */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  if (!Number.isSafeInteger(pid) || pid < 2) {
    throw new RangeError(
      `refusing to signal process group ${pid}: a part's process number is an integer above 1`,
    );
  }
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/**
 * Stops the process group of a part that an earlier launcher left behind: `stopSignal`, up to `graceMs`, then SIGKILL.
 * Does nothing when the number now belongs to another process.
 */
export async function stopLeftover(
  id: ProcessId,
  { stopSignal, graceMs }: { readonly stopSignal: StopSignal; readonly graceMs: number },
): Promise<StopOutcome> {
  if (!(await isRunning(id))) return 'gone';
  signalGroup(id.pid, stopSignal);
  if (await ends(id, graceMs)) return 'stopped';
  signalGroup(id.pid, 'SIGKILL');
  return (await ends(id, KILL_WAIT_MS)) ? 'killed' : 'survived';
}

async function ends(id: ProcessId, timeoutMs: number): Promise<boolean> {
  try {
    await pollUntil(async () => !(await isRunning(id)), { everyMs: STOP_POLL_MS, timeoutMs });
    return true;
  } catch (error) {
    if (error instanceof PollTimeout) return false;
    throw error;
  }
}
