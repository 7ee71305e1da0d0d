import pg from 'pg';
import { connectionFailure, statementFailure } from './failures.ts';

/** A server that is there answers in milliseconds; a paused project does not answer at all. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Lends a connection to the database itself, past the API, and ends it.
 *
 * @param doing who asks, for messages
 * @throws LegisyncError for everything that connecting or `use` threw, see {@link connectionFailure} and
 * {@link statementFailure}
 */
export async function withDatabase<T>(
  databaseUrl: string,
  doing: string,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // A connection that breaks between two queries fails the next one; unheard, the event would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw connectionFailure(error);
  }
  try {
    return await use(client);
  } catch (error) {
    throw statementFailure(error, doing);
  } finally {
    await client.end();
  }
}
