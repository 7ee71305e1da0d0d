import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';
import { LegisyncError } from '../contract/failures.ts';

const MIGRATIONS = new URL('../../supabase/migrations/', import.meta.url);

/** Any number that nobody else locks: two `migrate` at once wait for each other. */
const LOCK = 7_205_751_403;

export interface MigrationSettings {
  /** Words of `files_queue.status` that mean "finished", and "a Worker is at it". */
  readonly statusDone: readonly string[];
  readonly statusInWork: readonly string[];
}

export interface MigrationReport {
  /** Versions that this run applied, and those that were there. */
  readonly applied: readonly string[];
  readonly already: readonly string[];
}

/**
 * Applies `supabase/migrations`, each in a transaction of its own, and records them where `supabase db push` does, so
 * that either may follow the other. Running it again changes nothing but the settings.
 *
 * @param databaseUrl a connection as the project's `postgres` role
 * @throws LegisyncError `DATABASE_BUSY` where the database cannot be reached, `INTERNAL` with the file's name where a
 * migration fails
 */
export async function migrate(databaseUrl: string, settings: MigrationSettings): Promise<MigrationReport> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  // A connection that breaks between two queries fails the next one; unheard, the event would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw new LegisyncError('DATABASE_BUSY', 'The database at SUPABASE_DB_URL cannot be reached.', {
      cause: error,
    });
  }
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    await client.query(`
      create schema if not exists supabase_migrations;
      create table if not exists supabase_migrations.schema_migrations (version text primary key);
      alter table supabase_migrations.schema_migrations add column if not exists statements text[];
      alter table supabase_migrations.schema_migrations add column if not exists name text`);
    const { rows } = await client.query<{ version: string }>(
      'select version from supabase_migrations.schema_migrations',
    );
    const known = new Set(rows.map((row) => row.version));
    const report = { applied: [] as string[], already: [] as string[] };
    for (const file of (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort()) {
      const [version = file, ...name] = file.replace(/\.sql$/, '').split('_');
      if (known.has(version)) {
        report.already.push(version);
      } else {
        await applyOne(client, file, version, name.join('_'));
        report.applied.push(version);
      }
    }
    await client.query('update legisync.settings set status_done = $1, status_in_work = $2', [
      settings.statusDone,
      settings.statusInWork,
    ]);
    return report;
  } finally {
    await client.end();
  }
}

async function applyOne(client: pg.Client, file: string, version: string, name: string): Promise<void> {
  const sql = await readFile(new URL(file, MIGRATIONS), 'utf8');
  try {
    await client.query('begin');
    await client.query(sql);
    await client.query(
      'insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)',
      [version, name, [sql]],
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    const message = error instanceof Error ? error.message : String(error);
    throw new LegisyncError('INTERNAL', `Migration ${file} failed, and was rolled back: ${message}`, {
      cause: error,
    });
  }
}
