import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';

/** What `buildah inspect` says of an image, as far as it matters here. */
const Inspected = z.object({
  Docker: z.object({
    config: z.object({
      User: z.string().min(1),
      Env: z.array(z.string()),
      Cmd: z.array(z.string()).min(1),
      Healthcheck: z.object({ Test: z.tuple([z.literal('CMD')], z.string()) }),
    }),
  }),
});

/** How a program of the image ended. */
export interface End {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program of the image that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<End>;
}

/** The programs of an image, run as its user on a read-only file system. */
export interface ImagePrograms {
  /** The image's own command. */
  readonly start: () => Running;
  /** @throws Error with what it wrote if it does not end with 0 */
  readonly run: (...command: readonly string[]) => Promise<End>;
  /** Whether the image's health check succeeds now. */
  readonly healthy: () => Promise<boolean>;
}

/** No command of the check takes longer. */
const COMMAND_MS = 120_000;

/**
 * @param inspected the JSON of `buildah inspect --type image`
 * @param root the folder where the image is mounted
 * @param settings the environment beside the image's own
 */
export function imagePrograms(
  inspected: string,
  root: string,
  settings: Readonly<Record<string, string>>,
): ImagePrograms {
  const { User, Env, Cmd, Healthcheck } = Inspected.parse(JSON.parse(inspected)).Docker.config;
  const own = Object.fromEntries(
    Env.map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]),
  );
  const launch = (command: readonly string[]): Running => {
    const child = spawn(join(import.meta.dirname, 'enter.sh'), [root, User, ...command], {
      env: { ...own, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const written = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      // Only the end is needed. The limit bounds the memory.
      child[stream].on('data', (chunk: Buffer) => {
        written[stream] = (written[stream] + chunk.toString()).slice(-100_000);
      });
    }
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...written }));
    return { child, ended };
  };
  const finish = async (command: readonly string[]): Promise<End> => {
    const { child, ended } = launch(command);
    const deadline = setTimeout(() => child.kill('SIGKILL'), COMMAND_MS);
    return ended.finally(() => clearTimeout(deadline));
  };
  return {
    start: () => launch(Cmd),
    async run(...command) {
      const end = await finish(command);
      if (end.code === 0) return end;
      throw new Error(`${command.join(' ')} ended with ${String(end.code)}:\n${end.stdout}${end.stderr}`);
    },
    healthy: async () => (await finish(Healthcheck.Test.slice(1))).code === 0,
  };
}
