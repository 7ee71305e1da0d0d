import { PollTimeout, pollUntil } from '../../local/launcher/poll.ts';
import type { Sql } from './audit.ts';
import type { SoakStack } from './stack.ts';

/** Batches that wait for a retry with backoff, and a complete pass after that. */
const COLLECTED_MS = 300_000;

/** Workers have had all the time of the collection, so only their last leases are left. */
const WORKED_MS = 60_000;

const POLL_MS = 500;

/** Rows and files younger than the grace time do not appear in the views. */
export const GRACE_SECONDS = 5;

/**
 * Lets everything that was begun come to its end, after the faults and the changes: the collection
 * finds all documents, a backfill queues all files, MASSIVE stops, and Workers finish all rows.
 * Stops waiting after some minutes, and leaves it to the ledger to show what has not ended.
 */
export async function settle(stack: SoakStack, { backfill, log, signal }: SettleOptions): Promise<void> {
  const { sql } = stack;
  const within = async (what: string, timeoutMs: number, isDone: () => Promise<boolean>): Promise<void> => {
    try {
      await pollUntil(isDone, { everyMs: POLL_MS, timeoutMs, attemptMs: timeoutMs, signal });
      log(`${what}: done`);
    } catch (error) {
      if (!(error instanceof PollTimeout)) throw error;
      log(`${what}: not done after ${timeoutMs / 1_000} s`);
    }
  };

  const pass = await lastPass(sql);
  await within('a complete pass without faults', COLLECTED_MS, async () => {
    // After a failure, a document waits for minutes.
    await sql(`update legisync.documents set next_attempt_at = now()
                where state = 'failed' and next_attempt_at > now() and held_until is null`);
    // The pass after the current one has seen all changes.
    return (await completePasses(sql, pass + 1)) > 0 && (await isCollected(sql));
  });
  await within('a backfill of the last files', WORKED_MS * 2, backfill);
  const stopped = await stack.legisync('massive', 'stop', '--wait');
  log(`legisync massive stop --wait: exit code ${stopped.exitCode}`);
  await within('the last claims', WORKED_MS, () => isWorked(sql));
  await sql('select pg_sleep($1)', [GRACE_SECONDS + 1]);
}

export interface SettleOptions {
  /** Runs a backfill. Returns whether every file has a row. */
  readonly backfill: () => Promise<boolean>;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

async function lastPass(sql: Sql): Promise<number> {
  const [row] = await sql<{ pass: number }>('select coalesce(max(pass), 0) as pass from legisync.passes');
  return row?.pass ?? 0;
}

async function completePasses(sql: Sql, from: number): Promise<number> {
  const rows = await sql('select from legisync.passes where pass >= $1 and completed_at is not null', [from]);
  return rows.length;
}

async function isCollected(sql: Sql): Promise<boolean> {
  const left = await sql(
    `select from legisync.documents
      where state in ('discovered', 'failed') or next_attempt_at <= now() or held_until is not null limit 1`,
  );
  return left.length === 0;
}

async function isWorked(sql: Sql): Promise<boolean> {
  const left = await sql(
    `select from public.files_queue f left join legisync.claims c using (file_path)
      where not f.processed or f.requeue or c.state in ('held', 'waiting') limit 1`,
  );
  return left.length === 0;
}
