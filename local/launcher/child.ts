import { spawn, type ChildProcess } from 'node:child_process';
import { seconds } from './durations.ts';
import { asError } from './errors.ts';
import { pollUntil, PollTimeout } from './poll.ts';
import { signalGroup, startTimeOf, type ProcessId, type StopSignal } from './processes.ts';
import { openFreshLog, quoteLog } from './logFile.ts';
import type { ReadyProbe } from './ready.ts';

/** How to run a program as a part of the stack. */
export interface Command {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string | undefined;
  /** The whole environment of the part: nothing is inherited that is not in here. */
  readonly env: NodeJS.ProcessEnv;
  /** Receives standard output and standard error; begun anew at each start, the one before kept as `<file>.old`. */
  readonly logFile: string;
  /** What asks it politely. Default SIGTERM. */
  readonly stopSignal?: StopSignal | undefined;
  /** Aborted: the start is given up and the process stopped. */
  readonly signal?: AbortSignal | undefined;
}

export interface PartSpec extends Command {
  readonly ready: ReadyProbe;
  readonly readyTimeoutMs: number;
  /**
   * Called once the process exists and before it is ready: the place to write down its number, so that a launcher
   * killed with SIGKILL in this very moment leaves nothing that the next one cannot find.
   */
  readonly onSpawned?: ((part: Part) => void | Promise<void>) | undefined;
}

export interface StepSpec extends Command {
  readonly timeoutMs: number;
}

/** How a part ended. `expected`: it had been told to. */
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
  /** Settles (never rejects) when the process has ended, whoever ended it. */
  readonly exited: Promise<PartExit>;
  /** Stops its whole process group: `stopSignal`, and SIGKILL after `deadlineMs`. Repeating it is harmless. */
  readonly stop: (deadlineMs: number) => Promise<PartExit>;
  /** SIGKILL to its whole process group, now; also possible in an `exit` handler. */
  readonly kill: () => void;
}

/** A part that did not start, did not get ready, or a step that failed. The message ends with the tail of its log. */
export class PartFailed extends Error {
  override readonly name = 'PartFailed';
}

/** Ready is noticed this soon: small beside the start of any part, and rare enough to cost nothing. */
const READY_POLL_MS = 50;

/** A part that is given up on before it was ready holds nothing worth a long goodbye. */
const GIVE_UP_STOP_MS = 2_000;

/**
 * Starts a part in a process group (and session) of its own and waits until it is ready.
 *
 * The own group has two reasons: Ctrl-C in a terminal reaches the launcher alone, which then stops the parts in the
 * right order; and whatever a part starts itself can be ended with it.
 *
 * @throws PartFailed when it cannot be started, ends first, or is not ready in time; it is then not running any more.
 */
export async function startPart(spec: PartSpec): Promise<Part> {
  const part = await spawnPart(spec);
  const gaveUp = new AbortController();
  const signal = spec.signal === undefined ? gaveUp.signal : AbortSignal.any([gaveUp.signal, spec.signal]);
  const endedFirst = part.exited.then((exit) => {
    gaveUp.abort(new Error(`it ended (${describeExit(exit)}) before it was ready`));
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
      `${spec.name} did not get ready: ${reasonOf(error, spec.readyTimeoutMs)}. ${await quoteLog(spec.logFile)}`,
      { cause: error },
    );
  }
}

/**
 * Runs a program to its end.
 *
 * @throws PartFailed when it cannot be started, does not exit with 0, or takes longer than `timeoutMs`.
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
  if (pid === undefined) throw new PartFailed(`${spec.name} was started without a process number`);
  return makePart(spec, pid, (await startTimeOf(pid)) ?? 'ended', ended);
}

function makePart(
  { name, logFile, stopSignal = 'SIGTERM' }: Command,
  pid: number,
  startTime: string,
  ended: Promise<Pick<PartExit, 'code' | 'signal'>>,
): Part {
  let running = true;
  let told = false;
  const exited = ended.then((end): PartExit => {
    running = false;
    // What it started and did not end itself. The number is free only since a moment ago, and as long as the group has
    // a member the system does not give it away.
    signalGroup(pid, 'SIGKILL');
    return { ...end, expected: told };
  });
  const kill = (): void => {
    if (!running) return;
    told = true;
    signalGroup(pid, 'SIGKILL');
  };
  const stop = async (deadlineMs: number): Promise<PartExit> => {
    if (running && !told) {
      told = true;
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
  return `no sign of life within ${seconds(timeoutMs)}${last}`;
}
