import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrapSupabase, ensureTemplate } from '../../local/postgres/bootstrap.ts';
import { removeDataDir } from '../../local/postgres/dataDir.ts';
import { choosePort } from '../../local/postgres/port.ts';
import { startPostgres } from '../../local/postgres/server.ts';
import { findTemporalCli } from '../../local/temporal/cli.ts';
import { startTemporal, type TemporalServer } from '../../local/temporal/server.ts';
import { migrate } from '../../src/migrations/migrate.ts';
import { onTeardown, SERVERS, STATUS_VALUES, tearDown, TEMPLATES } from './servers.ts';

/**
 * One set of servers for the whole run: a PostgreSQL with two template databases (a bare Supabase project, and the same
 * with our migrations), and a Temporal server. Test files clone a template and use task queues of their own.
 */
export default async function globalSetup(): Promise<void> {
  try {
    await setUp();
  } catch (error) {
    // Jest tears down only what was set up wholly.
    await tearDown();
    throw error;
  }
}

async function setUp(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'legisync-test-'));
  onTeardown(() => rm(folder, { recursive: true, force: true }));

  const cli = findTemporalCli({ log: (line) => process.stderr.write(`${line}\n`) });
  cli.catch(() => undefined);

  const dataDir = join(folder, 'postgres');
  const postgres = await startPostgres({ dataDir, flags: { fsync: 'off' } });
  let postgresRuns = true;
  void postgres.exited.then(() => (postgresRuns = false));
  onTeardown(async () => {
    await postgres.stop();
    await removeDataDir(dataDir);
  });
  killAtExit(() => postgresRuns && process.kill(postgres.pid, 'SIGQUIT'));
  await ensureTemplate(postgres.url, TEMPLATES.bare, bootstrapSupabase);
  await ensureTemplate(postgres.url, TEMPLATES.migrated, async (url) => {
    await bootstrapSupabase(url);
    const asPostgres = new URL(url);
    asPostgres.username = 'postgres';
    await migrate(asPostgres.href, STATUS_VALUES);
  });

  const { path: cliPath } = await cli;
  const temporal = await startServer(cliPath, join(folder, 'temporal.log'));
  onTeardown(async () => {
    await temporal.stop(5_000);
  });
  killAtExit(temporal.kill);

  process.env[SERVERS.postgres] = postgres.url;
  process.env[SERVERS.temporal] = temporal.address;
  process.env[SERVERS.temporalCli] = cliPath;
}

/** A run that is interrupted is not torn down: the servers, which live in sessions of their own, are killed at its exit. */
function killAtExit(kill: () => unknown): void {
  process.once('SIGTERM', () => process.exit(143));
  process.once('SIGINT', () => process.exit(130));
  process.once('exit', kill);
}

/** Nothing holds a port between the choice and the server's own bind: another run on this machine may take it. */
async function startServer(cliPath: string, logFile: string, triesLeft = 4): Promise<TemporalServer> {
  try {
    return await startTemporal({
      cliPath,
      port: await choosePort(),
      namespace: 'default',
      searchAttributes: { LegisyncCollection: 'Keyword', LegisyncState: 'Keyword' },
      dynamicConfig: {},
      logFile,
    });
  } catch (error) {
    if (triesLeft === 0) throw error;
    return startServer(cliPath, logFile, triesLeft - 1);
  }
}
