import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { prepareShutdown } from '../../local/launcher/shutdown.ts';
import { bootstrapSupabase } from '../../local/postgres/bootstrap.ts';
import { removeDataDir } from '../../local/postgres/dataDir.ts';
import { startPostgres } from '../../local/postgres/server.ts';
import { migrate, type MigrationSettings } from '../../src/migrations/migrate.ts';

/** As in the default configuration. */
export const QUEUE_SETTINGS: MigrationSettings = {
  statusDone: ['processed', 'done', 'completed', 'failed', 'error'],
  statusInProgress: ['processing', 'in_progress', 'claimed'],
  statusFailed: ['failed', 'error'],
  claimAttempts: 5,
  graceSeconds: 900,
  maxDeletePercent: 50,
};

/** PostgreSQL writes one checkpoint when it stops: with 1 GB of buffers, seconds. */
const SHUTDOWN_MS = 60_000;

/** A PostgreSQL of its own with our migrations, and nothing beside it. */
export interface BenchDatabase {
  /** Lends a session of the superuser. */
  readonly withSession: <T>(use: (client: Client) => Promise<T>) => Promise<T>;
  /** Aborted when everything is to end, as on Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * Lends a migrated database in a throw-away folder. Stops the server and removes the folder at the
 * end, also after Ctrl-C.
 *
 * @param options.postgres settings of PostgreSQL, over those of a development machine
 */
export async function withBenchDatabase(
  options: {
    readonly postgres: Readonly<Record<string, string>>;
    readonly log: (line: string) => void;
  },
  use: (database: BenchDatabase) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'legisync-bench-'));
  // As root, PostgreSQL runs as a user of its own, which must reach its folder.
  await chmod(folder, 0o755);
  const dataDir = join(folder, 'postgres');
  const shutdown = prepareShutdown({ log: options.log, totalMs: SHUTDOWN_MS });
  const { signal } = shutdown;
  try {
    const server = await startPostgres({ dataDir, flags: options.postgres, signal });
    shutdown.add({
      name: 'postgres',
      stop: () => server.stop(),
      kill: () => process.kill(server.pid, 'SIGQUIT'),
    });
    await bootstrapSupabase(server.url);
    const asPostgres = new URL(server.url);
    asPostgres.username = 'postgres';
    await migrate(asPostgres.href, QUEUE_SETTINGS);
    await use({ withSession: (work) => withSession(server.url, work), signal });
  } catch (error) {
    // Stopping the server breaks every session: those errors say nothing new.
    if (!signal.aborted) throw error;
    process.exitCode = 130;
  } finally {
    await shutdown.begin('done');
    await removeDataDir(dataDir);
    await rm(folder, { recursive: true, force: true });
    shutdown.dispose();
  }
}

async function withSession<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  // An error that breaks the session is also thrown by the query that needs it.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
