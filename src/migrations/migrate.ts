import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { withDatabase } from './database.ts';
import { isLockTimeout, lockedOut, statementFailure } from './failures.ts';
import { refuseIncompatible } from './preflight/preflight.ts';
import type { PreflightSettings } from './preflight/finding.ts';

const MIGRATIONS = new URL('../../supabase/migrations/', import.meta.url);

/**
 * Key of the advisory lock that serialises `migrate`. An arbitrary number, below 2³¹ so that
 * `pg_locks` shows all of it in `objid`.
 */
const LOCK = 1_205_751_403;

export interface MigrationSettings extends PreflightSettings {
  /** How often legisync_claim_files hands out a file before it is given up, 1 to 100. */
  readonly claimAttempts: number;
  /** A younger file without a row, or row without a file, is not counted. 0 to 86,400 seconds. */
  readonly graceSeconds: number;
}

/** How long `migrate` waits for locks, in milliseconds. */
export interface MigrationWaits {
  /**
   * For a table lock. While `alter table` waits for a long transaction, every later statement on
   * the table waits too. So this is the longest time for which the Workers are blocked.
   */
  readonly tableMs: number;
  /** Attempts of each migration. */
  readonly tries: number;
  /** Pause between two attempts, in which waiting Workers proceed. */
  readonly pauseMs: number;
  /** For another `migrate` to end. */
  readonly otherMigrateMs: number;
}

const WAITS: MigrationWaits = { tableMs: 5_000, tries: 4, pauseMs: 2_000, otherMigrateMs: 60_000 };

export interface MigrationReport {
  /** Versions that this run applied. */
  readonly applied: readonly string[];
  /** Versions that were already applied. */
  readonly already: readonly string[];
}

/**
 * Applies `supabase/migrations`, each in a transaction of its own. Records them where `supabase db
 * push` does, so both commands can be used in turn. Running it again changes only the settings.
 *
 * @param databaseUrl a connection as the project's `postgres` role
 * @throws LegisyncError
 * - `SUPABASE_UNREACHABLE` if there is no connection
 * - `DATABASE_BUSY` if the database starts or stops, or if a lock is not available; the message
 *   names the sessions that hold it
 * - `DATABASE_REFUSED` for a wrong password or a missing right
 * - `CONFIG_INVALID` if the database does not exist
 * - `QUEUE_INCOMPATIBLE` if `files_queue` lacks what legisync needs
 * - `DATABASE_INCOMPATIBLE` if Storage or the roles of the API differ, or, with the file's name, if a
 *   migration meets what it does not expect; a later run continues with that migration
 * - `INTERNAL` for a bug
 */
export async function migrate(
  databaseUrl: string,
  settings: MigrationSettings,
  waits: MigrationWaits = WAITS,
): Promise<MigrationReport> {
  return withDatabase(databaseUrl, '`legisync migrate`', (client) => applyAll(client, settings, waits));
}

async function applyAll(
  client: pg.Client,
  settings: MigrationSettings,
  waits: MigrationWaits,
): Promise<MigrationReport> {
  await lockOutOthers(client, waits.otherMigrateMs);
  await client.query(`set lock_timeout = ${waits.tableMs}`);
  await refuseIncompatible(client, settings);
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
      await applyOne(client, { file, version, name: name.join('_') }, waits);
      report.applied.push(version);
    }
  }
  await writeSettings(client, settings);
  return report;
}

async function writeSettings(client: pg.Client, settings: MigrationSettings): Promise<void> {
  await client.query(
    `update legisync.settings set
       status_done = $1, status_in_progress = $2, status_failed = $3, claim_attempts = $4,
       grace = make_interval(secs => $5), max_delete_percent = $6`,
    [
      settings.statusDone,
      settings.statusInProgress,
      settings.statusFailed,
      settings.claimAttempts,
      settings.graceSeconds,
      settings.maxDeletePercent,
    ],
  );
  await client.query('select legisync.resolve_status_values()');
}

/** Lets one `migrate` run at a time. A second one waits, and then has nothing left to apply. */
async function lockOutOthers(client: pg.Client, timeoutMs: number): Promise<void> {
  await client.query(`set lock_timeout = ${timeoutMs}`);
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    const condition = `l.locktype = 'advisory' and l.classid = 0 and l.objid = ${LOCK}`;
    throw await lockedOut(client, 'Another `legisync migrate` is running; this one', condition);
  }
}

/** The tables that migrations lock. */
const TABLES = `l.relation in (
  select oid from pg_class
  where oid = to_regclass('public.files_queue') or relnamespace = to_regnamespace('legisync'))`;

interface Migration {
  readonly file: string;
  readonly version: string;
  readonly name: string;
}

async function applyOne(client: pg.Client, migration: Migration, waits: MigrationWaits): Promise<void> {
  const { file, version, name } = migration;
  const sql = await readFile(new URL(file, MIGRATIONS), 'utf8');
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.query('begin');
      await client.query(sql);
      await client.query(
        'insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)',
        [version, name, [sql]],
      );
      await client.query('commit');
      return;
    } catch (error) {
      // A broken connection has nothing to roll back; `error` has the cause.
      await client.query('rollback').catch(() => undefined);
      const doing = `Migration ${file}`;
      if (!isLockTimeout(error)) throw statementFailure(error, `${doing}, which was rolled back,`);
      if (attempt >= waits.tries) throw await lockedOut(client, doing, TABLES);
      await pause(waits.pauseMs);
    }
  }
}
