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
 * Waits until some session waits for a lock that `pid` holds.
 *
 * @throws Error after 10 s
 */
export async function untilBlocked(stack: TestStack, pid: number): Promise<void> {
  return untilTrue(stack, '$1 = any (pg_blocking_pids(pid))', pid);
}

/**
 * Waits until session `pid` itself waits for a lock.
 *
 * @throws Error after 10 s
 */
export async function untilWaiting(stack: TestStack, pid: number): Promise<void> {
  return untilTrue(stack, 'pid = $1 and cardinality(pg_blocking_pids(pid)) > 0', pid);
}

/** Waits for a session of the stack's database of which `condition` is true. */
async function untilTrue(stack: TestStack, condition: string, pid: number): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const rows = await stack.sql(
      `select from pg_stat_activity where datname = current_database() and ${condition}`,
      [pid],
    );
    if (rows.length > 0) return;
    if (performance.now() > deadline) throw new Error(`Not within 10 s, for session ${pid}: ${condition}`);
    // The database does the waiting between two questions.
    await stack.sql('select pg_sleep($1)', [POLL_SECONDS]);
  }
}
