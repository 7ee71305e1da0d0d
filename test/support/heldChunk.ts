import type { WorkflowHandle } from '@temporalio/client';
import type { BackfillStack } from './backfilling.ts';
import { untilBlocked, withSession } from './sessions.ts';

interface HeldChunk {
  readonly bucket: string;
  /** The chunk that contains the object with this number, from 0. */
  readonly object: number;
  readonly begin: () => Promise<WorkflowHandle>;
  readonly meanwhile: (handle: WorkflowHandle) => Promise<unknown>;
}

/**
 * Begins a backfill, and calls `meanwhile` while one of its chunks waits for a row that another
 * session is inserting. The chunk continues afterwards.
 */
export async function whileChunkIsHeld(
  { stack }: BackfillStack,
  { bucket, object, begin, meanwhile }: HeldChunk,
): Promise<WorkflowHandle> {
  return withSession(stack.databaseUrl, async ({ client, pid }) => {
    await client.query('begin');
    await client.query(
      `insert into public.files_queue (file_path, bucket_id)
       select name, bucket_id from storage.objects where bucket_id = $1 order by name offset $2 limit 1`,
      [bucket, object],
    );
    const handle = await begin();
    await untilBlocked(stack, pid);
    await meanwhile(handle);
    await client.query('rollback');
    return handle;
  });
}
