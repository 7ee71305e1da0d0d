import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as TemporalClient, Connection } from '@temporalio/client';
import { Pool } from 'pg';
import { startPart } from '../../local/launcher/child.ts';
import { quoteLog } from '../../local/launcher/logFile.ts';
import { isRunning } from '../../local/launcher/processes.ts';
import type { Shutdown } from '../../local/launcher/shutdown.ts';
import { clearLeftovers, readStackState, type PartRecord } from '../../local/launcher/state.ts';
import { removeDataDir } from '../../local/postgres/dataDir.ts';
import { SUPERUSER } from '../../local/postgres/initdb.ts';
import { stackPaths } from '../../local/stack/paths.ts';
import type { Collection } from '../../src/contract/collections.ts';
import { buildWorkflows } from '../../tools/build/workflows.ts';
import { runLegisync, type CommandEnd } from '../support/command.ts';
import type { Sql } from './audit.ts';

const CHECKOUT = join(import.meta.dirname, '..', '..');

/** The Temporal CLI may have to be built first, which takes three minutes. */
const READY_MS = 300_000;

/** The launcher has ten seconds for its parts. */
export const STOP_MS = 15_000;

/** A call waits at most this long for a server that is down. */
const CALL_MS = 10_000;

/** A command waits for a server that comes back, or for a backfill. */
const COMMAND_MS = 120_000;

export interface SoakStackOptions {
  readonly collections: readonly Collection[];
  /** Code of law that the simulator loads. */
  readonly code: string;
  readonly decisions: number;
  /** Requests a second: limit of the simulator, quota of legisync. */
  readonly rate: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly shutdown: Shutdown;
  /** Folder that gets the logs of all parts at the end. Default: they are removed with the rest. */
  readonly logs: string | undefined;
}

/** The whole local stack in a temporary folder, with every part supervised. */
export interface SoakStack {
  /** Addresses and keys of the stack, as the application gets them. */
  readonly env: Readonly<Record<string, string>>;
  readonly bucket: string;
  /** The simulator's own address. */
  readonly legifranceUrl: string;
  /** Runs SQL as the superuser. Fails within seconds if the database is down. */
  readonly sql: Sql;
  /** A call to Temporal. Fails within seconds, or within `timeoutMs`, if the server is down. */
  readonly temporal: <T>(call: (client: TemporalClient) => Promise<T>, timeoutMs?: number) => Promise<T>;
  /** The processes that run now, one for each part. A part that is being restarted is left out. */
  readonly parts: () => Promise<readonly PartRecord[]>;
  /** Runs `legisync …`, whatever its exit code. */
  readonly legisync: (...args: readonly string[]) => Promise<CommandEnd>;
  /** Resolves when the stack has ended, with the end of its log. */
  readonly ended: Promise<string>;
}

/**
 * Starts the stack as `npm start` does. It is stopped, and its folder is removed, by `shutdown`.
 */
export async function openSoakStack(options: SoakStackOptions): Promise<SoakStack> {
  const { shutdown } = options;
  await buildWorkflows();
  const folder = await mkdtemp(join(tmpdir(), 'legisync-soak-'));
  // As root, PostgreSQL runs as another user.
  await chmod(folder, 0o755);
  const paths = stackPaths(CHECKOUT, join(folder, '.local'));
  const launcherLog = join(folder, 'launcher.log');
  shutdown.add({
    name: 'folder',
    async stop() {
      // Only if the launcher was killed are there any parts left.
      await clearLeftovers(paths.state);
      if (options.logs !== undefined) {
        await cp(join(paths.root, 'logs'), options.logs, { recursive: true });
        await cp(launcherLog, join(options.logs, 'launcher.log'));
      }
      await removeDataDir(paths.postgres);
      await rm(folder, { recursive: true, force: true });
    },
    kill: () => undefined,
  });

  const collections = join(folder, 'collections.json');
  await writeFile(collections, JSON.stringify(options.collections));
  shutdown.signal.throwIfAborted();
  const launcher = await startPart({
    name: 'stack',
    command: process.execPath,
    args: [
      join(CHECKOUT, 'bin/start.js'),
      ...['--data', paths.root, '--collections', collections],
      ...['--rate', String(options.rate), '--decisions', String(options.decisions)],
    ],
    cwd: folder,
    env: {
      ...withoutSettings(process.env),
      ...options.settings,
      LEGIFRANCE_SIMULATOR_CODES: options.code,
    },
    logFile: launcherLog,
    stopSignal: 'SIGINT',
    ready: async () => Object.keys((await readStackState(paths.state))?.env ?? {}).length > 0,
    readyTimeoutMs: READY_MS,
    // Not by `signal`, which would kill the launcher before it has stopped its parts. When the
    // shutdown has stopped it, the start fails.
    onSpawned: (part) => shutdown.add(part),
  });

  const state = await readStackState(paths.state);
  const env = state?.env ?? {};
  const url = new URL(env['SUPABASE_DB_URL'] ?? '');
  url.username = SUPERUSER;
  const pool = new Pool({
    connectionString: url.href,
    max: 4,
    application_name: 'soak',
    connectionTimeoutMillis: CALL_MS,
    query_timeout: CALL_MS,
  });
  // A killed database ends idle sessions; the next query opens another one.
  pool.on('error', () => undefined);
  shutdown.add({ name: 'sessions', stop: () => pool.end(), kill: () => undefined });
  const connection = Connection.lazy({ address: env['TEMPORAL_ADDRESS'] ?? '' });
  shutdown.add({ name: 'connection', stop: () => connection.close(), kill: () => undefined });
  const client = new TemporalClient({ connection });

  return {
    env,
    bucket: env['LEGISYNC_BUCKET'] ?? '',
    legifranceUrl: new URL(env['LEGIFRANCE_API_URL'] ?? '').origin,
    async sql<T extends object>(text: string, values: readonly unknown[] = []) {
      return (await pool.query<T>(text, [...values])).rows;
    },
    temporal: (call, timeoutMs = CALL_MS) =>
      connection.withDeadline(Date.now() + timeoutMs, () => call(client)),
    parts: () => runningParts(paths.state),
    legisync: (...args) =>
      runLegisync(args, {
        cwd: folder,
        env: { ...withoutSettings(process.env), ...env },
        signal: AbortSignal.any([shutdown.signal, AbortSignal.timeout(COMMAND_MS)]),
      }),
    ended: launcher.exited.then(() => quoteLog(launcherLog)),
  };
}

/** The file keeps every process that was ever started; the last one of each part may run. */
async function runningParts(file: string): Promise<readonly PartRecord[]> {
  const state = await readStackState(file);
  const last = new Map((state?.parts ?? []).map((part) => [part.name, part]));
  const parts = await Promise.all(
    [...last.values()].map(async (part) => ((await isRunning(part)) ? [part] : [])),
  );
  return parts.flat();
}

/** The run decides all settings: those of the caller's own installation must not change it. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(LEGISYNC|LEGIFRANCE|PISTE|SUPABASE|TEMPORAL)_/.test(name)),
  );
}
