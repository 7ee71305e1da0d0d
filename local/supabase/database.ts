import { DatabaseError, Pool, escapeLiteral } from 'pg';
import type { PoolClient } from 'pg';

/** PostgREST's default pool size, used for Storage too. Two cores do not need more. */
const POOL_SIZE = 10;
/** PostgREST waits at most 10 s for a connection (PGRST003, 504). */
const ACQUIRE_TIMEOUT_MS = 10_000;
/** Keeps connections open between bursts of uploads. */
const IDLE_TIMEOUT_MS = 60_000;

/**
 * A pool for one of the API logins. In the local cluster they have the password of `adminUrl`.
 */
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
  // An idle connection breaks when the server restarts. The pool drops it, and the next request
  // opens another one or fails with the reason. Without a listener, the event would end the
  // process.
  pool.on('error', () => undefined);
  return pool;
}

/**
 * Name and value of a setting for one transaction.
 */
export type Setting = readonly [name: string, value: string];

/**
 * Runs `use` with one connection. The connection returns to the pool only after success or a normal
 * SQL error. After any other error its state is unknown, so it is closed.
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

/**
 * Runs `work` in a transaction with `settings`, and commits. An error rolls back and is rethrown.
 */
export async function inTransaction<T>(
  client: PoolClient,
  options: { readonly readOnly?: boolean; readonly settings: readonly Setting[]; readonly first?: string },
  work: () => Promise<T>,
): Promise<T> {
  const settings = options.settings.map(
    ([name, value]) => `set_config(${escapeLiteral(name)}, ${escapeLiteral(value)}, true)`,
  );
  try {
    // One message for all statements: this saves a round trip for every upload.
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

/**
 * The SQLSTATE of an error from the server; `undefined` for all others (network, time-out, bug).
 */
export function sqlState(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined;
}

/**
 * Whether the connection is lost: class 57P (shutdown, killed session), class 08, or no answer from
 * the server.
 */
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

/** Whether no connection became free in time. Only this text of the pool identifies the error. */
export function isPoolTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'timeout exceeded when trying to connect';
}
