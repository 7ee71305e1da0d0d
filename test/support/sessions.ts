import { Client } from 'pg';
import type { TestStack } from './stack.ts';

/** A database session of its own, for interleavings that a test owns. */
export interface Session {
  readonly client: Client;
  readonly pid: number;
}

/** Lends a session, as the superuser, and ends it (rolling back what is open). */
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

/** The same database as the project's own role `postgres`, which is no superuser. */
export function asPostgres(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.username = 'postgres';
  return url.href;
}

const POLL_SECONDS = 0.01;
const DEADLINE_MS = 10_000;

/**
 * Waits until `count` sessions wait for a lock that `pid` holds.
 *
 * @throws Error after 10 s
 */
export async function untilBlocked(stack: TestStack, pid: number, count = 1): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    // The database does the waiting between two questions.
    const rows = await stack.sql<{ waiting: number }>(
      `select count(*)::int as waiting from pg_stat_activity a, pg_sleep($2)
        where a.datname = current_database() and $1 = any (pg_blocking_pids(a.pid))`,
      [pid, POLL_SECONDS],
    );
    if ((rows[0]?.waiting ?? 0) >= count) return;
    if (performance.now() > deadline) throw new Error(`Nobody waited for session ${pid} within 10 s.`);
  }
}
