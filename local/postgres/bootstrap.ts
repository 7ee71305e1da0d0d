import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';

const SQL_FOLDER = join(import.meta.dirname, '..', 'supabase', 'sql');
const DATABASE_FILES = ['20-database.sql', '30-storage.sql', '40-gateway.sql'];

/** Advisory lock numbers, in the database `postgres`; arbitrary, but different from each other. */
const LOCK_ROLES = 4_210_001;
const LOCK_TEMPLATES = 4_210_002;

/** Connecting to a local server takes milliseconds; a lock may be held while another test process makes a template. */
const CONNECT_TIMEOUT_MS = 10_000;
const LOCK_TIMEOUT = '60s';

/**
 * Gives the database of `adminUrl` the roles, rights, extensions and `storage` schema of a hosted Supabase project.
 * Can be run again, and by several processes at once. The logins postgres, authenticator and supabase_storage_admin
 * get the password of `adminUrl`.
 *
 * @param adminUrl of a superuser.
 */
export async function bootstrapSupabase(adminUrl: string): Promise<void> {
  const roles = await readFile(join(SQL_FOLDER, '10-roles.sql'), 'utf8');
  const password = decodeURIComponent(new URL(adminUrl).password);
  // Roles are shared by all databases, and two sessions that alter one role at once fail with "tuple concurrently
  // updated". Advisory locks are kept per database, so all meet in the one that is always there.
  await withClient(databaseUrl(adminUrl, 'postgres'), async (client) => {
    await lock(client, LOCK_ROLES);
    await client.query(roles.replaceAll(':password', () => escapeLiteral(password)));
  });
  await withClient(adminUrl, async (client) => {
    const { database } = await one<{ database: string }>(client, 'select current_database() as database');
    await client.query(`alter database ${escapeIdentifier(database)} owner to postgres`);
    for (const file of DATABASE_FILES) {
      const sql = await readFile(join(SQL_FOLDER, file), 'utf8');
      // Several statements in one query run in one transaction: a file is applied wholly or not at all.
      await client.query(sql);
    }
  });
}

/**
 * Makes the template database `name` if it is missing. `prepare` fills it (bootstrap, migrations, fixtures); it works
 * on a database of another name, which is renamed at the end, so that a half-made template is never used. Several
 * processes may ask at once: one makes it, the others wait.
 */
export async function ensureTemplate(
  adminUrl: string,
  name: string,
  prepare: (url: string) => Promise<void>,
): Promise<void> {
  await withClient(databaseUrl(adminUrl, 'postgres'), async (client) => {
    await lock(client, LOCK_TEMPLATES);
    const found = await client.query('select from pg_database where datname = $1', [name]);
    if ((found.rowCount ?? 0) > 0) return;
    const draft = `${name}_draft`;
    await client.query(`drop database if exists ${escapeIdentifier(draft)} with (force)`);
    await client.query(`create database ${escapeIdentifier(draft)}`);
    await prepare(databaseUrl(adminUrl, draft));
    await client.query(`alter database ${escapeIdentifier(draft)} rename to ${escapeIdentifier(name)}`);
    await client.query(`alter database ${escapeIdentifier(name)} is_template true`);
  });
}

/** `create database name template template`, about 0.1 s. Returns the superuser's URL of the new database. */
export async function createDatabaseFromTemplate(
  adminUrl: string,
  name: string,
  template: string,
): Promise<string> {
  await withClient(databaseUrl(adminUrl, 'postgres'), async (client) => {
    await client.query(
      `create database ${escapeIdentifier(name)} template ${escapeIdentifier(template)} owner postgres`,
    );
  });
  return databaseUrl(adminUrl, name);
}

/** Drops a database and the sessions that still use it. Harmless when there is none. */
export async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  await withClient(databaseUrl(adminUrl, 'postgres'), async (client) => {
    await client.query(`drop database if exists ${escapeIdentifier(name)} with (force)`);
  });
}

/** The same server and login, another database. */
export function databaseUrl(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
}

async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Until the session ends. */
async function lock(client: Client, number: number): Promise<void> {
  await client.query(`set lock_timeout = '${LOCK_TIMEOUT}'`);
  await client.query('select pg_advisory_lock($1)', [number]);
  await client.query('set lock_timeout = 0');
}

async function one<Row extends object>(client: Client, sql: string): Promise<Row> {
  const { rows } = await client.query<Row>(sql);
  const row = rows[0];
  if (row === undefined) throw new Error(`No row from: ${sql}`);
  return row;
}
