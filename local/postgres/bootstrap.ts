import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';

const SQL_FOLDER = join(import.meta.dirname, '..', 'supabase', 'sql');
const DATABASE_FILES = ['20-database.sql', '30-storage.sql', '40-gateway.sql'];

/** Keys of advisory locks in the database `postgres`; arbitrary, but different. */
const LOCK_ROLES = 4_210_001;
const LOCK_TEMPLATES = 4_210_002;

/**
 * Connecting to a local server takes milliseconds. A lock may be held while another test process
 * creates a template.
 */
const CONNECT_TIMEOUT_MS = 10_000;
const LOCK_TIMEOUT = '60s';

/**
 * Gives the database of `adminUrl` the roles, rights, extensions and `storage` schema of a hosted
 * Supabase project. It can be repeated, and run by several processes at once. The logins postgres,
 * authenticator and supabase_storage_admin get the password of `adminUrl`.
 *
 * @param adminUrl of a superuser.
 */
export async function bootstrapSupabase(adminUrl: string): Promise<void> {
  const roles = await readFile(join(SQL_FOLDER, '10-roles.sql'), 'utf8');
  const password = decodeURIComponent(new URL(adminUrl).password);
  // All databases share the roles, and two sessions that alter one role at once fail with "tuple
  // concurrently updated". Advisory locks belong to a database, so all processes use the one that
  // always exists.
  await withClient(databaseUrl(adminUrl, 'postgres'), async (client) => {
    await lock(client, LOCK_ROLES);
    await client.query(roles.replaceAll(':password', () => escapeLiteral(password)));
  });
  await withClient(adminUrl, async (client) => {
    const { database } = await one<{ database: string }>(client, 'select current_database() as database');
    await client.query(`alter database ${escapeIdentifier(database)} owner to postgres`);
    for (const file of DATABASE_FILES) {
      const sql = await readFile(join(SQL_FOLDER, file), 'utf8');
      // Several statements in one query run in one transaction: a file is applied completely or not
      // at all.
      await client.query(sql);
    }
  });
}

/**
 * Creates the template database `name` if it is missing. `prepare` fills it (bootstrap, migrations,
 * fixtures). It works on a database with another name that is renamed at the end, so that an
 * incomplete template is never used. Several processes may call this at once: one creates the
 * template, the others wait.
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

/**
 * `create database name template template`, about 0.1 s. Returns the superuser's URL of the new
 * database.
 */
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

/** Drops a database and ends its sessions. Does nothing if the database does not exist. */
export async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  await withClient(databaseUrl(adminUrl, 'postgres'), async (client) => {
    await client.query(`drop database if exists ${escapeIdentifier(name)} with (force)`);
  });
}

/** The URL of another database on the same server, with the same login. */
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

/** Takes an advisory lock until the session ends. */
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
