import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { PollTimeout, pollUntil } from './poll.ts';

/**
 * Identifies a process, even after its pid is reused.
 *
 * The system reuses pids. A pid from an earlier run's file may now belong to another program, so a
 * process is signalled only if its start time matches too.
 */
export interface ProcessId {
  readonly pid: number;
  /** Opaque text that does not change while the process lives; from {@link startTimeOf}. */
  readonly startTime: string;
}

/**
 * Signals for a clean stop. Most parts use SIGTERM. PostgreSQL stops on SIGTERM only when the last
 * client has disconnected; SIGINT stops it at once, cleanly.
 */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;
export type StopSignal = (typeof STOP_SIGNALS)[number];

/**
 * How a stop ended. `gone`: it had already ended. `survived`: it could not be signalled, or ignored
 * SIGKILL.
 */
export type StopOutcome = 'gone' | 'stopped' | 'killed' | 'survived';

/** SIGKILL works at once, except during an uninterruptible disk wait. */
const KILL_WAIT_MS = 2_000;

const STOP_POLL_MS = 25;

/**
 * The start time of process `pid`, as text to compare with an earlier value. Undefined if there is
 * no such process, or it is a zombie.
 *
 * On Linux: the machine's boot id and field 22 of `/proc/<pid>/stat`, in clock ticks since that
 * boot. Elsewhere: `ps -o lstart`, to the second.
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
  // The second field is the program's name in parentheses, which may contain spaces and
  // parentheses.
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

/** Whether this very process still runs. */
export async function isRunning({ pid, startTime }: ProcessId): Promise<boolean> {
  return (await startTimeOf(pid)) === startTime;
}

/**
 * Signals the process group that `pid` leads.
 *
 * @returns false if there is no such group, or no permission to signal it.
 * @throws RangeError for a number below 2: `kill(-1)` would signal every process of this user.
 */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  if (!Number.isSafeInteger(pid) || pid < 2) {
    throw new RangeError(`refusing to signal process group ${pid}: the pid of a part is an integer above 1`);
  }
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/**
 * Stops the process group of a part that an earlier launcher left running: `stopSignal`, then
 * SIGKILL after `graceMs`. Does nothing if the pid now belongs to another process.
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
