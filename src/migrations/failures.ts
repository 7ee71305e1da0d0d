import pg from 'pg';
import { LegisyncError } from '../contract/failures.ts';
import { failureOfSqlState, type SqlOrigin } from '../contract/sqlStates.ts';

/** Characters of a query in a message: enough to recognise it. */
const QUERY_CHARACTERS = 80;

/** Sessions named in one message, which is cut at 500 characters. */
const MAX_BLOCKERS = 3;

/** Whether another session held a lock for longer than `lock_timeout`. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '55P03';
}

/**
 * Maps an error of `connect`. A server that answers gives an SQLSTATE; otherwise the network
 * failed.
 */
export function connectionFailure(error: unknown): LegisyncError {
  const why = messageOf(error);
  // pg cannot answer the server's request for a password: SUPABASE_DB_URL has none.
  const lacksPassword = why.startsWith('SASL');
  if (!lacksPassword && !(error instanceof pg.DatabaseError)) {
    return new LegisyncError('SUPABASE_UNREACHABLE', `SUPABASE_DB_URL: no connection: ${why}.`, {
      cause: error,
      // The host db.<project>.supabase.co has an IPv6 address only.
      remedy:
        'Check SUPABASE_DB_URL. In a network without IPv6, use the session pooler’s URL (dashboard, "Connect").',
    });
  }
  const code = lacksPassword ? 'DATABASE_REFUSED' : (codeOf(error, 'connection') ?? 'DATABASE_BUSY');
  if (code === 'DATABASE_REFUSED') {
    return new LegisyncError(
      code,
      `The database refuses the role or the password in SUPABASE_DB_URL: ${why}.`,
      { cause: error, remedy: 'Correct SUPABASE_DB_URL, then run `legisync migrate` again.' },
    );
  }
  if (code === 'CONFIG_INVALID') {
    return new LegisyncError(code, `SUPABASE_DB_URL names a database that does not exist: ${why}.`, {
      cause: error,
      remedy: 'Correct SUPABASE_DB_URL. The database of a Supabase project is called "postgres".',
    });
  }
  return new LegisyncError(code, `The database at SUPABASE_DB_URL accepts no connection: ${why}.`, {
    cause: error,
  });
}

/**
 * Maps an error of a statement. A {@link LegisyncError} is returned as it is.
 *
 * @param doing what failed, for the message
 */
export function statementFailure(error: unknown, doing: string): LegisyncError {
  if (error instanceof LegisyncError) return error;
  // Without an SQLSTATE, the connection broke.
  const code =
    error instanceof pg.DatabaseError ? (codeOf(error, 'migration') ?? 'INTERNAL') : 'DATABASE_BUSY';
  return new LegisyncError(code, `${doing} failed: ${messageOf(error)}.`, {
    cause: error,
    ...(code === 'QUEUE_INCOMPATIBLE' && { remedy: 'legisync migrate --check' }),
  });
}

function codeOf(error: unknown, origin: SqlOrigin): ReturnType<typeof failureOfSqlState> {
  const sqlState = error instanceof pg.DatabaseError ? error.code : undefined;
  return sqlState === undefined ? undefined : failureOfSqlState(sqlState, origin);
}

/**
 * Names the sessions that hold the locks that `doing` waited for, by process and query. They are
 * read after the wait, so there may be none: then the lock was released in the meantime.
 *
 * @param condition on `pg_locks l`
 */
export async function lockedOut(client: pg.Client, doing: string, condition: string): Promise<LegisyncError> {
  const { rows } = await client.query<{ pid: number; state: string | null; query: string | null }>(
    `select distinct a.pid, a.state, left(regexp_replace(a.query, '\\s+', ' ', 'g'), ${QUERY_CHARACTERS}) as query
       from pg_locks l join pg_stat_activity a using (pid)
      where l.granted and a.pid <> pg_backend_pid()
        and l.database = (select oid from pg_database where datname = current_database()) and ${condition}
      order by a.pid limit ${MAX_BLOCKERS}`,
  );
  const holders = rows.map(({ pid, state, query }) => `process ${pid} (${state ?? '?'}: ${query ?? '?'})`);
  const [first] = rows;
  const [heldBy, remedy] =
    first === undefined
      ? ['It is free now.', 'Run `legisync migrate` again.']
      : [
          `Held by ${holders.join(', ')}.`,
          `Wait until process ${first.pid} ends, or run \`select pg_terminate_backend(${first.pid})\`; then run \`legisync migrate\` again.`,
        ];
  return new LegisyncError('DATABASE_BUSY', `${doing} waited too long for a lock. ${heldBy}`, { remedy });
}

function messageOf(error: unknown): string {
  // Node tries each address of a name, and reports all errors in one that has no message of its
  // own.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
