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
import { buildWorkflows } from '../../tools/build/workflows.ts';
import { runLegisync, type CommandEnd } from './command.ts';
import { postgresAsPart, startRigPart, type RigPart } from './rigParts.ts';

const CHECKOUT = join(import.meta.dirname, '..', '..');

/**
 * A rig has no simulator, because nothing here calls Légifrance. Port 9 belongs to the discard
 * protocol.
 */
const NO_LEGIFRANCE = 'http://127.0.0.1:9';

/** PostgreSQL writes one checkpoint when it stops; with 1 GB of buffers that takes seconds. */
const SHUTDOWN_MS = 30_000;

export interface RigOptions {
  /** Parent of its folder. Default: the system's folder for temporary files. */
  readonly parent?: string;
  /** Settings of PostgreSQL that override those of a development machine. */
  readonly postgres?: Readonly<Record<string, string>>;
  /** Writes one line for the user. */
  readonly log: (line: string) => void;
  /** Called with each process as soon as it exists. */
  readonly onSpawned?: (part: PartRecord) => void | Promise<void>;
}

/**
 * legisync with all parts except the simulator: PostgreSQL with our migrations, the gateway,
 * Temporal, and a worker, each in its own process, in a temporary folder.
 */
export interface Rig {
  readonly bucket: string;
  readonly postgres: RigPart;
  readonly temporal: RigPart & {
    /** Removes all its data, while it is stopped. */
    readonly forget: () => Promise<void>;
  };
  readonly worker: RigPart;
  /** PostgreSQL's log file. */
  readonly postgresLog: string;
  readonly client: TemporalClient;
  /** Runs SQL as the superuser, in any session. */
  readonly sql: <T extends QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<T[]>;
  /** Lends a session of the superuser. */
  readonly withSession: <T>(use: (client: Client) => Promise<T>) => Promise<T>;
  /** Runs `legisync …`, whatever its exit code. */
  readonly legisync: (...args: readonly string[]) => Promise<CommandEnd>;
  /** Aborted when everything must stop, as on Ctrl-C. */
  readonly signal: AbortSignal;
  /** Stops everything and removes the folder. Safe to repeat. */
  readonly close: () => Promise<void>;
}

/** Starts a rig; takes about 8 s. If the start fails, the started parts are stopped. */
export async function openRig(options: RigOptions): Promise<Rig> {
  const folder = await mkdtemp(join(options.parent ?? tmpdir(), 'legisync-rig-'));
  // As root, PostgreSQL runs as another user.
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
      { rate: 20, lanes: undefined },
      {},
      undefined,
    );
    const env = { ...process.env, ...settings };
    const legisync = (...args: readonly string[]): Promise<CommandEnd> =>
      runLegisync(args, { cwd: folder, env, signal });
    const migrated = await legisync('migrate');
    if (migrated.exitCode !== 0) throw new Error(`legisync migrate failed: ${migrated.stderr}`);
    await buildWorkflows();
    const worker = await startRigPart('worker', () => workerPart(context, env), shutdown);

    const pool = new Pool({ connectionString: databaseUrl, max: 2 });
    // If the session breaks while it is idle, the next query opens a new one.
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
          // SQLite keeps its log next to the file.
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
  // The next query throws the error of a broken session too.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
