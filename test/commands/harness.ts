import { execFile, spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { legisync as runCommandLine } from '../../src/commands/program.ts';
import type { Io } from '../../src/cli/run.ts';
import { serverSetting } from '../support/servers.ts';

const CLIENT = fileURLToPath(new URL('../../bin/legisync.js', import.meta.url));

/** A command that takes longer hangs. */
const COMMAND_TIMEOUT_MS = 40_000;

/** A command line that has ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment in which a command runs. */
export interface World {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /**
   * Answers questions, like a person at a terminal. Default: no terminal. Only for commands in this
   * process.
   */
  readonly ask?: Io['ask'];
}

/** A namespace of one test file, on the run's Temporal server. */
export interface TestNamespace {
  readonly address: string;
  readonly namespace: string;
  readonly client: Client;
  readonly connection: Connection;
  readonly close: () => Promise<void>;
}

/** A new namespace can be used when every part of the server knows it. */
const NAMESPACE_TIMEOUT_MS = 60_000;

/**
 * Creates a namespace without our search attributes, so that test files share no schedules and
 * workflows.
 */
export async function openNamespace(): Promise<TestNamespace> {
  const address = serverSetting('temporal');
  const namespace = `test-${randomUUID()}`;
  const connection = await Connection.connect({ address });
  const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: config?.workflowExecutionRetentionTtl ?? null,
  });
  const client = new Client({ connection, namespace });
  const deadline = Date.now() + NAMESPACE_TIMEOUT_MS;
  while (!(await isUsable(client))) {
    if (Date.now() > deadline) throw new Error(`Namespace ${namespace} could not be used in time.`);
  }
  return { address, namespace, client, connection, close: () => connection.close() };
}

async function isUsable(client: Client): Promise<boolean> {
  try {
    for await (const _ of client.schedule.list()) break;
    await client.workflow.count();
    return true;
  } catch {
    return false;
  }
}

/** Runs `use` while a worker with the stub workflows serves `taskQueue`. `request` is its activity. */
export async function withStubWorker<T>(
  { address, namespace }: TestNamespace,
  taskQueue: string,
  use: () => Promise<T>,
  request: () => Promise<void> = () => Promise.resolve(),
): Promise<T> {
  installQuietRuntime();
  const connection = await NativeConnection.connect({ address });
  try {
    const workflowBundle = { codePath: serverSetting('stubBundle') };
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue,
      workflowBundle,
      activities: { request },
    });
    return await worker.runUntil(use);
  } finally {
    await connection.close();
  }
}

let isInstalled = false;

/**
 * The SDK has one runtime in each process. By default it would log each failure of the stub
 * workflows.
 */
function installQuietRuntime(): void {
  if (isInstalled) return;
  isInstalled = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: 'OFF' } },
  });
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

/** Runs `legisync …` in this process: a separate process takes ten times as long to start. */
export async function legisync(world: World, ...args: string[]): Promise<Ended> {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const code = await runCommandLine(args, {
    cwd: world.cwd,
    env: childEnv(world),
    out: (text) => stdout.push(`${text}\n`),
    err: (text) => stderr.push(`${text}\n`),
    ask: world.ask,
    secrets: [],
  });
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}

/** Runs `legisync …` in a separate process, like a shell. */
export function legisyncProcess(world: World, ...args: string[]): Promise<Ended> {
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

/** Starts `legisync …` in a separate process, without a terminal. */
export function startLegisync(world: World, ...args: string[]): ChildProcessWithoutNullStreams {
  const options = { cwd: world.cwd, env: childEnv(world), timeout: COMMAND_TIMEOUT_MS };
  return spawn(process.execPath, [CLIENT, ...args], options);
}

/**
 * Starts `legisync …`, sends SIGINT as soon as standard error contains `text`, and waits for its
 * end.
 */
export function legisyncInterruptedAt(text: string, world: World, ...args: string[]): Promise<Ended> {
  return legisyncUntil(text, (child) => Promise.resolve(child.kill('SIGINT')), world, ...args);
}

/**
 * Starts `legisync …`, calls `act` as soon as standard error contains `text`, and waits for both to
 * end.
 */
export async function legisyncUntil(
  text: string,
  act: (child: ChildProcess) => Promise<unknown>,
  world: World,
  ...args: string[]
): Promise<Ended> {
  const child = startLegisync(world, ...args);
  let [stdout, stderr] = ['', ''];
  let acted: Promise<unknown> = Promise.reject(
    new Error(`Standard error never contained ${JSON.stringify(text)}.`),
  );
  acted.catch(() => undefined);
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    const before = stderr.includes(text);
    stderr += chunk;
    if (!before && stderr.includes(text)) acted = act(child);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  await acted;
  return { code, stdout, stderr };
}

/** The one JSON object on standard output. */
export function json(ended: Ended): Record<string, unknown> {
  expect(ended.stdout.trim().split('\n')).toHaveLength(1);
  return JSON.parse(ended.stdout) as Record<string, unknown>;
}

/** Keeps the developer's settings out of tests: Temporal's file is in the home folder. */
function childEnv({ cwd, env }: World): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: cwd, ...env };
}

/** An address without a listener. */
export async function deadAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}
