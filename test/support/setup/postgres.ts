import { join } from 'node:path';
import { bootstrapSupabase, ensureTemplate } from '../../../local/postgres/bootstrap.ts';
import { removeDataDir } from '../../../local/postgres/dataDir.ts';
import { startPostgres } from '../../../local/postgres/server.ts';
import { migrate } from '../../../src/migrations/migrate.ts';
import { runFolder } from '../runFolder.ts';
import { SERVERS, STATUS_VALUES, TEMPLATES } from '../servers.ts';
import { killAtExit, onTeardown, setUpOnce } from '../teardown.ts';

/**
 * The server's data need not survive a crash of the machine. Statistics change only when a test
 * runs ANALYZE, so that plans do not depend on the moment.
 */
const FLAGS = { fsync: 'off', full_page_writes: 'off', autovacuum: 'off' };

/**
 * Starts the run's PostgreSQL, with two template databases: an empty Supabase project, and one with
 * our migrations. Each test file clones a template.
 */
export default function startSharedPostgres(): Promise<void> {
  return setUpOnce(SERVERS.postgres, async () => {
    const dataDir = join(await runFolder(), 'postgres');
    const postgres = await startPostgres({ dataDir, flags: FLAGS });
    let isRunning = true;
    void postgres.exited.then(() => (isRunning = false));
    onTeardown(async () => {
      await postgres.stop();
      await removeDataDir(dataDir);
    });
    killAtExit(() => isRunning && process.kill(postgres.pid, 'SIGQUIT'));
    await ensureTemplate(postgres.url, TEMPLATES.bare, bootstrapSupabase);
    await ensureTemplate(postgres.url, TEMPLATES.migrated, async (url) => {
      await bootstrapSupabase(url);
      const asPostgres = new URL(url);
      asPostgres.username = 'postgres';
      await migrate(asPostgres.href, STATUS_VALUES);
    });
    return postgres.url;
  });
}
