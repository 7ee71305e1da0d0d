import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Shutdown } from '../../local/launcher/shutdown.ts';
import type { Bench } from './benches.ts';

/** Length of the output of a failed benchmark in its error: about one screen. */
const TAIL_CHARS = 2_000;

/**
 * Runs benchmarks of a checkout one at a time, each in its own process.
 *
 * @returns a function that returns the report: the last line of the benchmark's output
 */
export function benchRunner(
  shutdown: Shutdown,
): (checkout: string, bench: Bench, args: readonly string[]) => Promise<unknown> {
  let child: ChildProcess | undefined;
  shutdown.add({
    name: 'benchmark',
    async stop() {
      if (child === undefined || ended(child)) return;
      child.kill('SIGINT');
      await once(child, 'exit');
    },
    kill: () => child?.kill('SIGKILL'),
  });
  return async (checkout, bench, args) => {
    shutdown.signal.throwIfAborted();
    const running = spawn(process.execPath, [join(checkout, 'bench', `${bench.name}.ts`), ...args], {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = running;
    const [output, log] = await Promise.all([
      text(running.stdout),
      text(running.stderr),
      once(running, 'close'),
    ]);
    shutdown.signal.throwIfAborted();
    if (running.exitCode !== 0) {
      throw new Error(
        `bench:${bench.name} of ${checkout} failed (${running.exitCode ?? running.signalCode ?? '?'}):\n` +
          `${output}${log}`.slice(-TAIL_CHARS),
      );
    }
    return JSON.parse(output.trim().split('\n').at(-1) ?? '') as unknown;
  };
}

const ended = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;
