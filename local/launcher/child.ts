import { spawn, type ChildProcess } from 'node:child_process';
import { seconds } from './durations.ts';
import { asError } from './errors.ts';
import { pollUntil, PollTimeout } from './poll.ts';
import { signalGroup, startTimeOf, type ProcessId, type StopSignal } from './processes.ts';
import { openFreshLog, quoteLog } from './logFile.ts';
import type { ReadyProbe } from './ready.ts';

/** How to run a program of the stack. */
export interface Command {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string | undefined;
  /** The whole environment of the program: it inherits nothing else. */
  readonly env: NodeJS.ProcessEnv;
  /**
   * For standard output and standard error. Each start creates it; the previous one becomes
   * `<file>.old`.
   */
  readonly logFile: string;
  /** The signal for a clean stop. Default SIGTERM. */
  readonly stopSignal?: StopSignal | undefined;
  /** When it is aborted, the start fails and the process is stopped. */
  readonly signal?: AbortSignal | undefined;
}

export interface PartSpec extends Command {
  readonly ready: ReadyProbe;
  readonly readyTimeoutMs: number;
  /**
   * Called when the process exists and before it is ready. Save its pid here: if the launcher is
   * then killed with SIGKILL, the next one can find the process.
   */
  readonly onSpawned?: ((part: Part) => void | Promise<void>) | undefined;
}

export interface StepSpec extends Command {
  readonly timeoutMs: number;
}

/** How a part ended. `expected`: the launcher stopped it. */
export interface PartExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly expected: boolean;
}

/** A running part. */
export interface Part extends ProcessId {
  readonly name: string;
  readonly logFile: string;
  readonly stopSignal: StopSignal;
  /** Resolves when the process has ended, for any reason. Never rejects. */
  readonly exited: Promise<PartExit>;
  /** Stops its process group: `stopSignal`, then SIGKILL after `deadlineMs`. Safe to repeat. */
  readonly stop: (deadlineMs: number) => Promise<PartExit>;
  /** Sends SIGKILL to its process group. Synchronous, so it works in an `exit` handler. */
  readonly kill: () => void;
}

/**
 * A part did not start or did not become ready, or a step failed. The message ends with the tail of
 * its log.
 */
export class PartFailed extends Error {
  override readonly name = 'PartFailed';
}

/** Small compared with the start of any part, and long enough to cost nothing. */
const READY_POLL_MS = 50;

/** A part that was never ready has nothing to save, so it needs little time to stop. */
const GIVE_UP_STOP_MS = 2_000;

/**
 * Starts a part in its own process group (and session) and waits until it is ready.
 *
 * The group has two reasons. Ctrl-C in a terminal reaches the launcher alone, which then stops the
 * parts in the right order. And the child processes of a part can be ended with it.
 *
 * @throws PartFailed if it cannot be started, ends early, or is not ready in time; it no longer
 * runs then.
 */
export async function startPart(spec: PartSpec): Promise<Part> {
  const part = await spawnPart(spec);
  const gaveUp = new AbortController();
  const signal = spec.signal === undefined ? gaveUp.signal : AbortSignal.any([gaveUp.signal, spec.signal]);
  const endedFirst = part.exited.then((exit) => {
    gaveUp.abort(new Error(`it ended (${describeExit(exit)})`));
  });
  try {
    await spec.onSpawned?.(part);
    await pollUntil(spec.ready, { everyMs: READY_POLL_MS, timeoutMs: spec.readyTimeoutMs, signal });
    return part;
  } catch (error) {
    await part.stop(GIVE_UP_STOP_MS);
    await endedFirst;
    spec.signal?.throwIfAborted();
    throw new PartFailed(
      `${spec.name} did not become ready: ${reasonOf(error, spec.readyTimeoutMs)}. ${await quoteLog(spec.logFile)}`,
      { cause: error },
    );
  }
}

/**
 * Runs a program until it exits.
 *
 * @throws PartFailed if it cannot be started, does not exit with 0, or takes longer than
 * `timeoutMs`.
 */
export async function runStep(spec: StepSpec): Promise<void> {
  const part = await spawnPart(spec);
  const deadline = AbortSignal.timeout(spec.timeoutMs);
  const signal = spec.signal === undefined ? deadline : AbortSignal.any([deadline, spec.signal]);
  const stop = (): void => void part.stop(GIVE_UP_STOP_MS);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const exit = await part.exited;
  signal.removeEventListener('abort', stop);
  if (exit.code === 0) return;
  spec.signal?.throwIfAborted();
  const how = deadline.aborted
    ? `took longer than ${seconds(spec.timeoutMs)}`
    : `failed (${describeExit(exit)})`;
  throw new PartFailed(`${spec.name} ${how}. ${await quoteLog(spec.logFile)}`);
}

/** `exit code 1`, or `signal SIGKILL`. */
export function describeExit({ code, signal }: Pick<PartExit, 'code' | 'signal'>): string {
  return signal === null ? `exit code ${String(code)}` : `signal ${signal}`;
}

async function spawnPart(spec: Command): Promise<Part> {
  spec.signal?.throwIfAborted();
  const log = await openFreshLog(spec.logFile);
  let child: ChildProcess;
  let spawned: Promise<void>;
  let ended: Promise<Pick<PartExit, 'code' | 'signal'>>;
  try {
    child = spawn(spec.command, [...spec.args], {
      cwd: spec.cwd,
      env: spec.env,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    spawned = new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        resolve({ code, signal });
      });
    });
    await spawned;
  } catch (error) {
    throw new PartFailed(`${spec.name} cannot be started: ${asError(error).message}`, { cause: error });
  } finally {
    await log.close();
  }
  const { pid } = child;
  if (pid === undefined) throw new PartFailed(`${spec.name} was started, but has no pid`);
  return makePart(spec, pid, (await startTimeOf(pid)) ?? 'ended', ended);
}

function makePart(
  { name, logFile, stopSignal = 'SIGTERM' }: Command,
  pid: number,
  startTime: string,
  ended: Promise<Pick<PartExit, 'code' | 'signal'>>,
): Part {
  let running = true;
  let stopping = false;
  const exited = ended.then((end): PartExit => {
    running = false;
    // Ends the remaining processes of the group. The system does not reuse the pid while the group
    // has members.
    signalGroup(pid, 'SIGKILL');
    return { ...end, expected: stopping };
  });
  const kill = (): void => {
    if (!running) return;
    stopping = true;
    signalGroup(pid, 'SIGKILL');
  };
  const stop = async (deadlineMs: number): Promise<PartExit> => {
    if (running && !stopping) {
      stopping = true;
      signalGroup(pid, stopSignal);
    }
    const timer = setTimeout(kill, deadlineMs);
    try {
      return await exited;
    } finally {
      clearTimeout(timer);
    }
  };
  return { name, pid, startTime, logFile, stopSignal, exited, stop, kill };
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof PollTimeout)) return asError(error).message;
  const last = error.cause === undefined ? '' : `; last: ${asError(error.cause).message}`;
  return `no answer within ${seconds(timeoutMs)}${last}`;
}
