import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { pollUntil } from '../../local/launcher/poll.ts';
import { serverSetting } from './servers.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PRELOADS = join(import.meta.dirname, 'preload');

export interface WorkerProcess {
  readonly child: ChildProcess;
  /** Resolves when the worker polls. */
  readonly ready: Promise<void>;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** What it logged: the end of standard output and standard error. */
  readonly output: () => string;
  /** Stops it by SIGTERM, as an operator does, and waits for its end. */
  readonly stop: () => Promise<number | NodeJS.Signals>;
}

/** The argument of `node` that has it load a file of `test/support/preload` first. */
export const preload = (name: string): string => `--import=${pathToFileURL(join(PRELOADS, name)).href}`;

/**
 * Starts a Temporal worker, or another entry of the checkout, as a process that ends with this one.
 * It is ready when it writes "worker started".
 */
export function startWorker(env: Readonly<Record<string, string>>, entry = 'bin/worker.js'): WorkerProcess {
  // Nothing is ever written to standard input: its end tells the child that this process has ended.
  const child = spawn(process.execPath, [preload('endWithParent.ts'), join(ROOT, entry)], { env });
  let output = '';
  const gather = (chunk: Buffer): void => {
    // Only the end of the log is needed. The limit bounds the memory.
    output = (output + chunk.toString()).slice(-200_000);
  };
  child.stdout.on('data', gather);
  child.stderr.on('data', gather);
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  const over = new AbortController();
  void ended.then(() =>
    over.abort(new Error(`The process ended before it was ready:\n${output.slice(-3_000)}`)),
  );
  const ready = pollUntil(() => Promise.resolve(output.includes('worker started')), {
    everyMs: 20,
    timeoutMs: 240_000,
    signal: over.signal,
  });
  ready.catch(() => undefined);
  return {
    child,
    ready,
    ended,
    output: () => output,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Waits until the worker has been killed. @throws Error with its log if it ended in another way */
export async function killed(worker: WorkerProcess): Promise<void> {
  const end = await worker.ended;
  if (end !== 'SIGKILL')
    throw new Error(`The worker ended with ${end}, not by SIGKILL:\n${worker.output().slice(-3_000)}`);
}

/** A client of the run's Temporal server; `close` it. */
export async function openClient(): Promise<{ client: Client; close: () => Promise<void> }> {
  const connection = await Connection.connect({ address: serverSetting('temporal') });
  return { client: new Client({ connection }), close: () => connection.close() };
}

/**
 * Polls until `probe` resolves to true. One attempt may take all of the time: a busy machine is
 * slow, not wrong.
 *
 * @throws PollTimeout after `timeoutMs`, by default four minutes, less than the time limit of a
 * test
 */
export function eventually(probe: () => Promise<boolean>, timeoutMs = 240_000): Promise<void> {
  return pollUntil(probe, { everyMs: 100, timeoutMs, attemptMs: timeoutMs });
}
