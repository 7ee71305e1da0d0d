import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { findTemporalCli } from '../../local/temporal/cli.ts';

const CLIENT = join(__dirname, '..', '..', 'src', 'client.ts');

/** A command that has not ended by then hangs. */
const COMMAND_TIMEOUT_MS = 40_000;

/** A command line that has ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is run. */
export interface World {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A Temporal server of its own, in memory, without our search attributes. The first run on a machine may build the CLI. */
export async function startTemporalServer(): Promise<TestWorkflowEnvironment> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const { path } = await findTemporalCli({ log: () => undefined });
  return await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path }, log: { format: 'pretty', level: 'error' } },
  });
}

/** Runs `use` while a worker with the stub workflows serves `taskQueue`. */
export async function withStubWorker<T>(
  env: TestWorkflowEnvironment,
  taskQueue: string,
  use: () => Promise<T>,
): Promise<T> {
  const worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    workflowsPath: join(__dirname, 'stubWorkflows.ts'),
  });
  return await worker.runUntil(use);
}

/** Lends an empty folder to run commands in. */
export async function withCommandFolder<T>(use: (cwd: string) => Promise<T>): Promise<T> {
  const cwd = await mkdtemp(join(tmpdir(), 'legisync-cli-'));
  try {
    return await use(cwd);
  } finally {
    await rm(cwd, { recursive: true });
  }
}

/** Runs `legisync …` to its end, as a process of its own. */
export function legisync(world: World, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: world.cwd, env: childEnv(world), timeout: COMMAND_TIMEOUT_MS };
    const child: ChildProcess = execFile(
      process.execPath,
      [CLIENT, ...args],
      options,
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      },
    );
  });
}

/** Starts `legisync …`, sends SIGINT as soon as standard error contains `text`, and waits for its end. */
export async function legisyncInterruptedAt(text: string, world: World, ...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [CLIENT, ...args], {
    cwd: world.cwd,
    env: childEnv(world),
    timeout: COMMAND_TIMEOUT_MS,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    const before = stderr.includes(text);
    stderr += chunk;
    if (!before && stderr.includes(text)) child.kill('SIGINT');
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

/** The one JSON object on standard output. */
export function json(ended: Ended): Record<string, unknown> {
  expect(ended.stdout.trim().split('\n')).toHaveLength(1);
  return JSON.parse(ended.stdout) as Record<string, unknown>;
}

/** Nothing of the developer's own settings gets into a test: Temporal's file is looked for in the home folder. */
function childEnv({ cwd, env }: World): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: cwd, ...env };
}
