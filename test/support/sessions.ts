import { Client } from 'pg';
import type { SupabaseStack } from './supabase.ts';

/** A separate database session, for a test that decides the order of the steps of two sessions. */
export interface Session {
  readonly client: Client;
  readonly pid: number;
}

/**
 * Opens a session as the superuser of `databaseUrl`, and ends it after `use`, which rolls back an
 * open transaction.
 */
export async function withSession<T>(databaseUrl: string, use: (session: Session) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    return await use({ client, pid: rows[0]?.pid ?? 0 });
  } finally {
    await client.end();
  }
}

/** The URL of the same database for the project's role `postgres`, which is not a superuser. */
export function asPostgres(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.username = 'postgres';
  return url.href;
}

const POLL_SECONDS = 0.01;
const DEADLINE_MS = 60_000;

/**
 * Waits until some session waits for a lock that `pid` holds.
 *
 * @throws Error after a minute
 */
export async function untilBlocked(stack: SupabaseStack, pid: number): Promise<void> {
  return untilTrue(stack, '$1 = any (pg_blocking_pids(pid))', pid);
}

/**
 * Waits until session `pid` itself waits for a lock.
 *
 * @throws Error after a minute
 */
export async function untilWaiting(stack: SupabaseStack, pid: number): Promise<void> {
  return untilTrue(stack, 'pid = $1 and cardinality(pg_blocking_pids(pid)) > 0', pid);
}

/** Waits until `condition` is true for a session of the stack's database. */
async function untilTrue(stack: SupabaseStack, condition: string, pid: number): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const rows = await stack.sql(
      `select from pg_stat_activity where datname = current_database() and ${condition}`,
      [pid],
    );
    if (rows.length > 0) return;
    if (performance.now() > deadline)
      throw new Error(`Not within a minute, for session ${pid}: ${condition}`);
    // The pause spares the processor.
    await stack.sql('select pg_sleep($1)', [POLL_SECONDS]);
  }
}
