import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { withDatabase } from './database.ts';
import { isLockTimeout, lockedOut, statementFailure } from './failures.ts';
import { refuseIncompatible } from './preflight/preflight.ts';
import type { PreflightSettings } from './preflight/finding.ts';

const MIGRATIONS = new URL('../../supabase/migrations/', import.meta.url);

/**
 * Any number that nobody else locks: two `migrate` at once wait for each other. Below 2³¹, so that `pg_locks` shows it
 * whole in `objid`.
 */
const LOCK = 1_205_751_403;

export interface MigrationSettings extends PreflightSettings {
  /** How often a file is handed out by legisync_claim_files before it is given up; 1 to 100. */
  readonly claimAttempts: number;
  /**
   * How long a file without a row, and a row without a file, is "in flight"; 0 to 86,400 seconds.
   */
  readonly graceSeconds: number;
}

/** How long `migrate` waits for locks, in milliseconds. */
export interface MigrationWaits {
  /**
   * For a lock of a table. While `alter table` waits behind a long transaction, everybody else waits behind it: the
   * Workers stand still for so long at most, and are let through before it tries again.
   */
  readonly tableMs: number;
  /** How often a migration tries, and the time between two tries, in which the queue of waiting Workers empties. */
  readonly tries: number;
  readonly pauseMs: number;
  /** For another `migrate` to end. */
  readonly twinMs: number;
}

const WAITS: MigrationWaits = { tableMs: 5_000, tries: 4, pauseMs: 2_000, twinMs: 60_000 };

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
 * @throws LegisyncError `DATABASE_BUSY` where the database cannot be reached, or where a lock is not to be had, with the
 * sessions that hold it; `DATABASE_REFUSED` for a wrong password and a missing right; `CONFIG_INVALID` for a database
 * that is not there; `QUEUE_INCOMPATIBLE` where `files_queue` lacks what we need; `INTERNAL` with the file's name where
 * a migration fails in another way
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
  await lockOutTwins(client, waits.twinMs);
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

/** Two `migrate` at once: the second waits, and then finds everything there. */
async function lockOutTwins(client: pg.Client, timeoutMs: number): Promise<void> {
  await client.query(`set lock_timeout = ${timeoutMs}`);
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    const condition = `l.locktype = 'advisory' and l.classid = 0 and l.objid = ${LOCK}`;
    throw await lockedOut(client, 'Another `legisync migrate` is at work; this one', condition);
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
      // A connection that broke has nothing to roll back; what broke it is in `error`.
      await client.query('rollback').catch(() => undefined);
      const doing = `Migration ${file}`;
      if (!isLockTimeout(error)) throw statementFailure(error, `${doing}, which was rolled back,`);
      if (attempt >= waits.tries) throw await lockedOut(client, doing, TABLES);
      await pause(waits.pauseMs);
    }
  }
}
