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

/** PostgreSQL writes one checkpoint when it stops; with 1 GB of buffers that takes seconds. */
const SHUTDOWN_MS = 60_000;

/** A separate PostgreSQL with our migrations, and no other part. */
export interface BenchDatabase {
  /** Lends a session of the superuser. */
  readonly withSession: <T>(use: (client: Client) => Promise<T>) => Promise<T>;
  /** Aborted when everything must stop, as on Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * Lends a migrated database in a temporary folder. Stops the server and removes the folder at the
 * end, even after Ctrl-C.
 *
 * @param options.postgres settings of PostgreSQL that override those of a development machine
 */
export async function withBenchDatabase(
  options: {
    readonly postgres: Readonly<Record<string, string>>;
    readonly log: (line: string) => void;
  },
  use: (database: BenchDatabase) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'legisync-bench-'));
  // As root, PostgreSQL runs as another user, which must be able to access the folder.
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
    // After Ctrl-C, errors of broken sessions are expected.
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
  // The next query throws the error of a broken session too.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
