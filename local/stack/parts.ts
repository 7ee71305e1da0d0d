import { join } from 'node:path';
import { startPart, type Part } from '../launcher/child.ts';
import { httpAnswers, logContains } from '../launcher/ready.ts';
import { startTimeOf } from '../launcher/processes.ts';
import type { SupervisedPart } from '../launcher/supervise.ts';
import { bootstrapSupabase } from '../postgres/bootstrap.ts';
import { startPostgres } from '../postgres/server.ts';
import { startTemporal, type TemporalServer } from '../temporal/server.ts';
import type { StackPaths } from './paths.ts';

const HOST = '127.0.0.1';

/**
 * Generous, because the other parts may keep the machine busy. Loading 29,000 articles takes two
 * seconds.
 */
const READY_MS = 60_000;

/** What every part needs. */
export interface PartContext {
  readonly paths: StackPaths;
  readonly signal: AbortSignal;
  /** Records a process as soon as it exists. */
  readonly onSpawned: (part: Part) => Promise<void>;
}

/**
 * PostgreSQL with the roles, rights and `storage` schema of a Supabase project. `url` is for the
 * superuser.
 */
export async function postgresPart(
  { paths, signal }: PartContext,
  port: number,
): Promise<
  SupervisedPart & { readonly url: string; readonly port: number; readonly note?: string | undefined }
> {
  const server = await startPostgres({
    dataDir: paths.postgres,
    port,
    logFile: paths.log('postgres'),
    signal,
  });
  let running = true;
  void server.exited.then(() => (running = false));
  try {
    // The other parts use the address of the first start.
    if (server.port !== port) throw new Error(`PostgreSQL uses port ${server.port}, because ${port} is busy`);
    await bootstrapSupabase(server.url);
  } catch (error) {
    await server.stop();
    throw error;
  }
  const stopSignal = 'SIGINT' as const;
  let stopping = false;
  return {
    name: 'postgres',
    pid: server.pid,
    startTime: (await startTimeOf(server.pid)) ?? 'ended',
    stopSignal,
    url: server.url,
    port: server.port,
    note: server.note,
    exited: server.exited.then(() => ({ code: null, signal: null, expected: stopping })),
    stop: async () => {
      stopping = true;
      await server.stop();
    },
    kill: () => {
      stopping = true;
      // SIGQUIT ends every session without a checkpoint; the next start replays the log.
      if (running) process.kill(server.pid, 'SIGQUIT');
    },
  };
}

export function gatewayPart(
  { paths, signal, onSpawned }: PartContext,
  port: number,
  options: { readonly databaseUrl: string; readonly jwtSecret: string },
): Promise<Part> {
  return startPart({
    name: 'supabase',
    command: process.execPath,
    args: [join(paths.checkout, 'local/supabase/main.ts')],
    env: {
      ...process.env,
      GATEWAY_DATABASE_URL: options.databaseUrl,
      GATEWAY_STORAGE_DIR: paths.storage,
      GATEWAY_JWT_SECRET: options.jwtSecret,
      GATEWAY_HOST: HOST,
      GATEWAY_PORT: String(port),
    },
    logFile: paths.log('supabase'),
    ready: httpAnswers(`http://${HOST}:${port}/_health`),
    readyTimeoutMs: READY_MS,
    onSpawned,
    signal,
  });
}

export function legifrancePart(
  { paths, signal, onSpawned }: PartContext,
  port: number,
  options: {
    readonly rate: number;
    readonly latencyMs: number;
    readonly decisions: number;
    readonly clientSecret: string;
  },
): Promise<Part> {
  return startPart({
    name: 'legifrance',
    command: process.execPath,
    args: [
      join(paths.checkout, 'local/legifrance/main.ts'),
      ...['--host', HOST, '--port', String(port)],
      ...['--rate', String(options.rate), '--decisions', String(options.decisions)],
      ...['--latency-ms', String(options.latencyMs)],
    ],
    env: { ...process.env, LEGIFRANCE_SIMULATOR_CLIENT_SECRET: options.clientSecret },
    logFile: paths.log('legifrance'),
    ready: httpAnswers(`http://${HOST}:${port}/_stats`),
    readyTimeoutMs: READY_MS,
    onSpawned,
    signal,
  });
}

export function temporalPart(
  { paths, signal, onSpawned }: PartContext,
  ports: { readonly grpc: number; readonly ui: number },
  cliPath: string,
): Promise<TemporalServer> {
  return startTemporal({
    cliPath,
    dbFile: paths.temporal,
    port: ports.grpc,
    uiPort: ports.ui,
    namespace: 'default',
    // `legisync up` registers them too; here, the server knows them from the start.
    searchAttributes: { LegisyncCollection: 'Keyword', LegisyncState: 'Keyword' },
    dynamicConfig: {},
    logFile: paths.log('temporal'),
    onSpawned,
    signal,
  });
}

/**
 * As in the script `worker` of package.json. On a large machine, Node lets the young generation of
 * its heap grow to 128 MB, and rarely collects the old one. With these flags, a worker does the same
 * work in the same CPU time, in half the memory.
 */
export const WORKER_FLAGS = ['--max-semi-space-size=4', '--max-old-space-size=1000'] as const;

/**
 * For glibc's allocator: few arenas, and buffers of 128 KB or more always on their own, so that their
 * memory is given back.
 */
export const WORKER_ALLOCATOR = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072' } as const;

export function workerPart({ paths, signal, onSpawned }: PartContext, env: NodeJS.ProcessEnv): Promise<Part> {
  const logFile = paths.log('worker');
  return startPart({
    name: 'worker',
    command: process.execPath,
    args: [...WORKER_FLAGS, join(paths.checkout, 'bin/worker.js')],
    // Not in the checkout: its `.env` may belong to another installation.
    cwd: paths.root,
    env: { ...env, ...WORKER_ALLOCATOR },
    logFile,
    ready: logContains(logFile, 'worker started'),
    readyTimeoutMs: READY_MS,
    onSpawned,
    signal,
  });
}
