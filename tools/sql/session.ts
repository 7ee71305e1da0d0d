import { Client } from 'pg';

/** A local server answers within milliseconds; a busy machine takes longer. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Lends a session as the project's own role `postgres`, which is not a superuser. Ignores the role
 * in the URL.
 */
export async function asPostgres<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const login = new URL(url);
  login.username = 'postgres';
  const client = new Client({ connectionString: login.href, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  // Stopping the server also breaks idle sessions. The next query reports the error.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/**
 * Runs `read` in a read-only transaction in which PostgreSQL prints each name with its schema: it
 * omits the schema only for names that the search path finds.
 */
export async function readingCatalogue<T>(client: Client, read: () => Promise<T>): Promise<T> {
  await client.query('begin transaction isolation level repeatable read, read only');
  try {
    await client.query('set local search_path = pg_catalog');
    return await read();
  } finally {
    await client.query('rollback');
  }
}
