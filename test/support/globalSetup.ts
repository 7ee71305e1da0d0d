import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPortPicker } from '../../local/launcher/ports.ts';
import { bootstrapSupabase, ensureTemplate } from '../../local/postgres/bootstrap.ts';
import { removeDataDir } from '../../local/postgres/dataDir.ts';
import { startPostgres } from '../../local/postgres/server.ts';
import { findTemporalCli } from '../../local/temporal/cli.ts';
import { startTemporal } from '../../local/temporal/server.ts';
import { migrate } from '../../src/supabase/migrate.ts';
import { onTeardown, SERVERS, STATUS_WORDS, TEMPLATES } from './servers.ts';

/**
 * One set of servers for the whole run: a PostgreSQL with two template databases (a bare Supabase project, and the same
 * with our migrations), and a Temporal server. Test files clone a template and use task queues of their own.
 */
export default async function globalSetup(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'legisync-test-'));
  onTeardown(() => rm(folder, { recursive: true, force: true }));

  const cli = findTemporalCli({ log: (line) => process.stderr.write(`${line}\n`) });
  cli.catch(() => undefined);

  const dataDir = join(folder, 'postgres');
  const postgres = await startPostgres({ dataDir, flags: { fsync: 'off' } });
  onTeardown(async () => {
    await postgres.stop();
    await removeDataDir(dataDir);
  });
  await ensureTemplate(postgres.url, TEMPLATES.bare, bootstrapSupabase);
  await ensureTemplate(postgres.url, TEMPLATES.migrated, async (url) => {
    await bootstrapSupabase(url);
    const asPostgres = new URL(url);
    asPostgres.username = 'postgres';
    await migrate(asPostgres.href, STATUS_WORDS);
  });

  const { path: cliPath } = await cli;
  const { port } = await createPortPicker()(17_233);
  const temporal = await startTemporal({
    cliPath,
    port,
    namespace: 'default',
    searchAttributes: { LegisyncCollection: 'Keyword', LegisyncState: 'Keyword' },
    dynamicConfig: {},
    logFile: join(folder, 'temporal.log'),
  });
  onTeardown(async () => {
    await temporal.stop(5_000);
  });

  process.env[SERVERS.postgres] = postgres.url;
  process.env[SERVERS.temporal] = temporal.address;
  process.env[SERVERS.temporalCli] = cliPath;
}
