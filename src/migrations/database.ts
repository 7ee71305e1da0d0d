import pg from 'pg';
import { connectionFailure, statementFailure } from './failures.ts';

/** A running server answers in milliseconds; a paused project does not answer at all. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Lends a direct connection to the database, not through the API, and closes it.
 *
 * @param doing name of the command, for messages
 * @throws LegisyncError for every error of connecting or of `use`: see {@link connectionFailure}
 * and {@link statementFailure}
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
  // Without a listener this event would end the process. The next query reports the error.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    // Without a password, pg gives up and leaves the socket open until the server closes it.
    void client.end().catch(() => undefined);
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
