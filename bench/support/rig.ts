import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as TemporalClient, Connection } from '@temporalio/client';
import { Client, Pool, type QueryResultRow } from 'pg';
import { prepareShutdown } from '../../local/launcher/shutdown.ts';
import type { PartRecord } from '../../local/launcher/state.ts';
import { bootstrapSupabase } from '../../local/postgres/bootstrap.ts';
import { removeDataDir } from '../../local/postgres/dataDir.ts';
import { choosePort } from '../../local/postgres/port.ts';
import { startPostgres } from '../../local/postgres/server.ts';
import { stackEnvironment } from '../../local/stack/environment.ts';
import { gatewayPart, workerPart, type PartContext } from '../../local/stack/parts.ts';
import { stackPaths } from '../../local/stack/paths.ts';
import { supabaseKeys } from '../../local/supabase/keys.ts';
import { findTemporalCli } from '../../local/temporal/cli.ts';
import { startTemporal } from '../../local/temporal/server.ts';
import { runLegisync, type CommandEnd } from './command.ts';
import { postgresAsPart, startRigPart, type RigPart } from './rigParts.ts';

const CHECKOUT = join(import.meta.dirname, '..', '..');

/** A rig has no simulator: nothing here calls Légifrance. Port 9 is that of the discard protocol. */
const NO_LEGIFRANCE = 'http://127.0.0.1:9';

/** PostgreSQL writes one checkpoint when it stops: with 1 GB of buffers, seconds. */
const SHUTDOWN_MS = 30_000;

export interface RigOptions {
  /** Where its folder is made; default: the system's place for temporary files. */
  readonly parent?: string;
  /** Settings of PostgreSQL over those of a development machine. */
  readonly postgres?: Readonly<Record<string, string>>;
  /** A line for the person at the terminal. */
  readonly log: (line: string) => void;
  /** Told of each process as soon as it exists. */
  readonly onSpawned?: (part: PartRecord) => void | Promise<void>;
}

/**
 * legisync with everything it needs and nothing to collect from: PostgreSQL with our migrations, the gateway, Temporal,
 * and a worker, each a process of its own, in a throw-away folder.
 */
export interface Rig {
  readonly bucket: string;
  readonly postgres: RigPart;
  readonly temporal: RigPart & {
    /** Removes all that it knows; while it is down. */
    readonly forget: () => Promise<void>;
  };
  readonly worker: RigPart;
  /** Where PostgreSQL logs. */
  readonly postgresLog: string;
  readonly client: TemporalClient;
  /** Runs SQL as the superuser, in any session. */
  readonly sql: <T extends QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<T[]>;
  /** Lends a session of the superuser. */
  readonly withSession: <T>(use: (client: Client) => Promise<T>) => Promise<T>;
  /** Runs `legisync …`, whatever its exit code. */
  readonly legisync: (...args: readonly string[]) => Promise<CommandEnd>;
  /** Aborted when everything is to end, as on Ctrl-C. */
  readonly signal: AbortSignal;
  /** Stops everything and removes the folder. Can be called again. */
  readonly close: () => Promise<void>;
}

/** Starts a rig; takes about 8 s. What was started is stopped again when a start fails. */
export async function openRig(options: RigOptions): Promise<Rig> {
  const folder = await mkdtemp(join(options.parent ?? tmpdir(), 'legisync-rig-'));
  // As root, PostgreSQL runs as a user of its own.
  await chmod(folder, 0o755);
  const paths = stackPaths(CHECKOUT, folder);
  const shutdown = prepareShutdown({ log: options.log, totalMs: SHUTDOWN_MS });
  const { signal } = shutdown;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= (async () => {
      await shutdown.begin('done');
      await removeDataDir(paths.postgres);
      await rm(folder, { recursive: true, force: true });
      shutdown.dispose();
    })());

  try {
    const onSpawned = async (part: PartRecord): Promise<void> => options.onSpawned?.(part);
    const context: PartContext = { paths, signal, onSpawned };
    const { path: cliPath } = await findTemporalCli({ log: options.log, signal });

    const postgresPort = await choosePort();
    let databaseUrl = '';
    const postgres = await startRigPart(
      'postgres',
      async () => {
        const { postgres: dataDir } = paths;
        const flags = options.postgres ?? {};
        const logFile = paths.log('postgres');
        const server = await startPostgres({ dataDir, port: postgresPort, flags, logFile, signal });
        databaseUrl = server.url;
        return postgresAsPart(server, onSpawned);
      },
      shutdown,
    );
    await bootstrapSupabase(databaseUrl);

    const secret = randomBytes(32).toString('hex');
    const gatewayPort = await choosePort();
    await startRigPart(
      'supabase',
      () => gatewayPart(context, gatewayPort, { databaseUrl, jwtSecret: secret }),
      shutdown,
    );

    const temporalPort = await choosePort();
    const temporal = await startRigPart(
      'temporal',
      () =>
        startTemporal({
          cliPath,
          dbFile: paths.temporal,
          port: temporalPort,
          namespace: 'default',
          searchAttributes: { LegisyncCollection: 'Keyword', LegisyncState: 'Keyword' },
          dynamicConfig: {},
          logFile: paths.log('temporal'),
          onSpawned,
          signal,
        }),
      shutdown,
    );
    const temporalAddress = `127.0.0.1:${temporalPort}`;

    const asPostgres = new URL(databaseUrl);
    asPostgres.username = 'postgres';
    const settings = stackEnvironment(
      {
        legifranceUrl: NO_LEGIFRANCE,
        clientSecret: 'unused',
        supabaseUrl: `http://127.0.0.1:${gatewayPort}`,
        serviceKey: (await supabaseKeys(secret)).serviceKey,
        databaseUrl: asPostgres.href,
        temporalAddress,
      },
      { rate: 20, concurrency: undefined },
    );
    const env = { ...process.env, ...settings };
    const legisync = (...args: readonly string[]): Promise<CommandEnd> =>
      runLegisync(args, { cwd: folder, env, signal });
    const migrated = await legisync('migrate');
    if (migrated.exitCode !== 0) throw new Error(`legisync migrate failed: ${migrated.stderr}`);
    const worker = await startRigPart('worker', () => workerPart(context, env), shutdown);

    const pool = new Pool({ connectionString: databaseUrl, max: 2 });
    // A session that breaks while nobody uses it is opened again by the next one who does.
    pool.on('error', () => undefined);
    shutdown.add({ name: 'sessions', stop: () => pool.end(), kill: () => undefined });
    const connection = await Connection.connect({ address: temporalAddress });
    shutdown.add({ name: 'connection', stop: () => connection.close(), kill: () => undefined });

    return {
      bucket: settings['LEGISYNC_BUCKET'] ?? '',
      postgres,
      temporal: {
        ...temporal,
        async forget() {
          // SQLite keeps its log beside the file.
          for (const suffix of ['', '-wal', '-shm']) await rm(`${paths.temporal}${suffix}`, { force: true });
        },
      },
      worker,
      postgresLog: paths.log('postgres'),
      client: new TemporalClient({ connection }),
      async sql<T extends QueryResultRow>(text: string, values: readonly unknown[] = []) {
        return (await pool.query<T>(text, [...values])).rows;
      },
      withSession: (use) => withSession(databaseUrl, use),
      legisync,
      signal,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function withSession<T>(databaseUrl: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: databaseUrl });
  // What breaks the session is also thrown by the query that needs it.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
