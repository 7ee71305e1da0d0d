import type { Client } from 'pg';

/** The rows that a Worker may take: the rows of the index files_queue_claimable. */
export const PENDING = `status = 'pending' and processed is not true and dangling_since is null`;

const LEASE_SECONDS = 3_600;

/** Claims files for a Worker; null if none is left. */
export async function claim(
  client: Client,
  worker: string,
  batch: number,
): Promise<{ token: string; paths: string[] } | null> {
  const { rows } = await client.query<{ answer: { token: string; files: { filePath: string }[] } }>(
    'select public.legisync_claim_files($1, $2, $3) as answer',
    [worker, batch, LEASE_SECONDS],
  );
  const [row] = rows;
  if (row === undefined || row.answer.files.length === 0) return null;
  return { token: row.answer.token, paths: row.answer.files.map(({ filePath }) => filePath) };
}

/** Completes all files of a claim. */
export async function complete(client: Client, token: string, paths: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ answer: { completed: number } }>(
    'select public.legisync_complete_files($1, $2) as answer',
    [token, paths],
  );
  const completed = rows[0]?.answer.completed;
  if (completed !== paths.length) throw new Error(`${completed ?? 'none'} of ${paths.length} completed`);
}

/** Empties the queue and deletes all claims. */
export async function emptyQueue(client: Client): Promise<void> {
  await client.query('begin');
  await client.query(`set local legisync.allow_emptying = 'files_queue'`);
  await client.query('truncate public.files_queue, legisync.claims');
  await client.query('commit');
}
