import { DatabaseError, Pool, escapeLiteral } from 'pg';
import type { PoolClient } from 'pg';

/** PostgREST's default pool; Storage has the same size here. Two cores have no use for more. */
const POOL_SIZE = 10;
/** PostgREST gives up waiting for a connection after 10 s (PGRST003, 504). */
const ACQUIRE_TIMEOUT_MS = 10_000;
/** Kept open between bursts of uploads. */
const IDLE_TIMEOUT_MS = 60_000;

/** A pool for one of the API logins, which share the password of `adminUrl` in the local cluster. */
export function openPool(
  adminUrl: string,
  user: string,
  settings: Readonly<Record<string, string>> = {},
): Pool {
  const url = new URL(adminUrl);
  url.username = user;
  const pool = new Pool({
    connectionString: url.href,
    max: POOL_SIZE,
    connectionTimeoutMillis: ACQUIRE_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    application_name: `gateway ${user}`,
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  });
  // An idle connection breaks when the server restarts. The pool drops it; the next request opens another one or fails
  // with the reason. Without a listener the event would end the process.
  pool.on('error', () => undefined);
  return pool;
}

/** Name and value of a setting for the time of one transaction, in the order in which they are to be made. */
export type Setting = readonly [name: string, value: string];

/**
 * One connection for one request. It goes back to the pool clean, or not at all: after anything but an orderly SQL error
 * nobody knows what state it is in.
 */
export async function withConnection<T>(pool: Pool, use: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  try {
    return await use(client);
  } catch (error) {
    if (sqlState(error) === undefined || isConnectionLoss(error)) broken ??= new Error('connection in doubt');
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

/** Opens a transaction with `settings`, runs `work` in it, commits. Any error rolls it back and goes on to the caller. */
export async function inTransaction<T>(
  client: PoolClient,
  options: { readonly readOnly?: boolean; readonly settings: readonly Setting[]; readonly first?: string },
  work: () => Promise<T>,
): Promise<T> {
  const settings = options.settings.map(
    ([name, value]) => `set_config(${escapeLiteral(name)}, ${escapeLiteral(value)}, true)`,
  );
  try {
    // One message for all of it: a round trip less for every upload.
    const begin = options.readOnly === true ? 'begin read only' : 'begin';
    await client.query(`${begin}; select ${settings.join(', ')}; ${options.first ?? ''}`);
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** The SQLSTATE of an error that the server sent; `undefined` for everything else (network, time-out, bug). */
export function sqlState(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined;
}

/** Whether the connection is gone: class 57P (shutdown, killed session), class 08, or no answer of the server at all. */
export function isConnectionLoss(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return state.startsWith('57P') || state.startsWith('08');
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : undefined;
  return (
    ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(String(code)) ||
    error.message.startsWith('Connection terminated') ||
    error.message.includes('connection is closed')
  );
}

/** Whether no connection became free in time. The pool tells it only by this text. */
export function isPoolTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'timeout exceeded when trying to connect';
}
