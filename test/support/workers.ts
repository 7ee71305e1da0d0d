import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { pollUntil } from '../../local/launcher/poll.ts';
import { serverSetting } from './servers.ts';

const ROOT = join(import.meta.dirname, '..', '..');

export interface WorkerProcess {
  readonly child: ChildProcess;
  /** Resolves when the worker polls. */
  readonly ready: Promise<void>;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** What it logged. */
  readonly output: () => string;
  /** Ends it as an operator would, and waits. */
  readonly stop: () => Promise<number | NodeJS.Signals>;
}

/** Starts `src/worker.ts`, or another entry of the checkout, as a process of its own. */
export function startWorker(env: Readonly<Record<string, string>>, entry = 'src/worker.ts'): WorkerProcess {
  const child = spawn(process.execPath, [join(ROOT, entry)], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const gather = (chunk: Buffer): void => {
    // The end of the log is what tells; a bound keeps a talkative worker from filling the memory.
    output = (output + chunk.toString()).slice(-200_000);
  };
  child.stdout.on('data', gather);
  child.stderr.on('data', gather);
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  const over = new AbortController();
  void ended.then(() => over.abort(new Error('The worker ended before it was ready.')));
  const ready = pollUntil(() => Promise.resolve(output.includes('worker started')), {
    everyMs: 20,
    timeoutMs: 60_000,
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

/** Waits until the worker has been killed; a worker that ended in another way is shown with what it said. */
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

/** Asks until `probe` says yes; fails after `timeoutMs`, by default two minutes. */
export function eventually(probe: () => Promise<boolean>, timeoutMs = 120_000): Promise<void> {
  return pollUntil(probe, { everyMs: 100, timeoutMs });
}
