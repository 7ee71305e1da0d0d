import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { pollUntil } from '../../../local/launcher/poll.ts';

/** A machine runs some hundred programs. With more, the sampler would grow without a bound. */
const MAX_LINES = 20_000;
/** Each program of the stack runs longer. More often would slow them down. */
const EVERY_MS = 100;
const AT_MOST_MS = 1_800_000;

/** Notes the command lines of all processes of the machine, as `ps` shows them, until it is stopped. */
export interface CommandLines {
  readonly stop: () => Promise<ReadonlySet<string>>;
}

export function watchCommandLines(): CommandLines {
  const seen = new Set<string>();
  const stopped = new AbortController();
  const watching = pollUntil(
    async () => {
      for (const line of await commandLines()) if (seen.size < MAX_LINES) seen.add(line);
      return stopped.signal.aborted;
    },
    { everyMs: EVERY_MS, timeoutMs: AT_MOST_MS, attemptMs: AT_MOST_MS },
  );
  return {
    async stop() {
      stopped.abort();
      await watching;
      return seen;
    },
  };
}

async function commandLines(): Promise<string[]> {
  if (process.platform !== 'linux') {
    const { stdout } = await promisify(execFile)('ps', ['-Aww', '-o', 'args=']);
    return stdout.split('\n');
  }
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  // A process may end between the two calls.
  const read = (pid: string) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return (await Promise.all(pids.map(read))).map((line) => line.replaceAll('\0', ' '));
}
