import pg from 'pg';
import { LegisyncError, type FailureCode } from '../contract/failures.ts';

/** So much of a query is shown: enough to know it again. */
const QUERY_CHARACTERS = 80;

/** Sessions named in one message; the message is cut at 500 characters. */
const MAX_BLOCKERS = 3;

/** "A lock timeout": somebody else held a lock for longer than we wait. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '55P03';
}

/** Maps what `connect` threw. A server that answers says why in an SQLSTATE; else it is the network. */
export function connectionFailure(error: unknown): LegisyncError {
  const sqlState = error instanceof pg.DatabaseError ? error.code : undefined;
  const why = messageOf(error);
  // 28P01: wrong password; 28000: this role may not log in here.
  if (sqlState?.startsWith('28') === true) {
    const text = `The database refuses the role or the password in SUPABASE_DB_URL: ${why}. Correct it, then run \`legisync migrate\` again.`;
    return new LegisyncError('DATABASE_REFUSED', text, { cause: error });
  }
  if (sqlState === '3D000') {
    const text = `SUPABASE_DB_URL names a database that is not there: ${why}. A Supabase project's is called "postgres".`;
    return new LegisyncError('CONFIG_INVALID', text, { cause: error });
  }
  const text = `The database at SUPABASE_DB_URL cannot be reached: ${why}.`;
  return new LegisyncError('DATABASE_BUSY', text, { cause: error });
}

/** Maps what a statement of `doing` threw; a {@link LegisyncError} stays what it is. */
export function statementFailure(error: unknown, doing: string): LegisyncError {
  if (error instanceof LegisyncError) return error;
  const sqlState = error instanceof pg.DatabaseError ? (error.code ?? '') : '';
  const hint =
    sqlState === '42501'
      ? ' SUPABASE_DB_URL must name the role `postgres`, or the owner of public.files_queue and of the schema legisync.'
      : '';
  return new LegisyncError(codeOf(error, sqlState), `${doing} failed: ${messageOf(error)}.${hint}`, {
    cause: error,
  });
}

function codeOf(error: unknown, sqlState: string): FailureCode {
  if (sqlState === '42501') return 'DATABASE_REFUSED';
  if (sqlState === '57014') return 'DATABASE_TIMEOUT';
  // What a migration raises itself says what files_queue lacks, with the statement that mends it.
  if (sqlState === 'P0001') return 'QUEUE_INCOMPATIBLE';
  if (!(error instanceof pg.DatabaseError) || /^(08|40|53|57|55P03|25006)/.test(sqlState)) {
    return 'DATABASE_BUSY';
  }
  return 'INTERNAL';
}

/**
 * The sessions that hold locks on what `doing` waited for, by process and query. Asked after the wait, so that it may
 * find none: then the lock was given back just now.
 *
 * @param condition of `pg_locks l`
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
  const advice =
    first === undefined
      ? 'It is free now: run `legisync migrate` again.'
      : `Held by ${holders.join(', ')}. Let it end, or end it with \`select pg_terminate_backend(${first.pid})\`; then run \`legisync migrate\` again.`;
  return new LegisyncError('DATABASE_BUSY', `${doing} waited too long for a lock. ${advice}`);
}

function messageOf(error: unknown): string {
  // Node tries each address of a name, and reports all of them in one error that has no message of its own.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
