import type { Client } from 'pg';

/** The table that the plain statement fills, in addition to `public.files_queue`. */
export const PLAIN_QUEUE = 'public.plain_queue';

/** The plain statement for a whole bucket. $1: the bucket. */
export const PLAIN_STATEMENT = `
  insert into ${PLAIN_QUEUE} (file_path, bucket_id, file_size, status, processed)
  select name, bucket_id, (metadata->>'size')::bigint, 'pending', false
  from storage.objects
  where bucket_id = $1
  on conflict (file_path) do nothing`;

/** The same for missing files only: the plain anti-join. */
export const PLAIN_ANTI_JOIN = `
  insert into ${PLAIN_QUEUE} (file_path, bucket_id, file_size, status, processed)
  select name, bucket_id, (metadata->>'size')::bigint, 'pending', false
  from storage.objects s
  where bucket_id = $1
    and not exists (select from ${PLAIN_QUEUE} f where f.file_path = s.name)
  on conflict (file_path) do nothing`;

/**
 * Recreates the table, empty and identical to `files_queue`: the same columns, defaults, checks,
 * indexes and triggers.
 */
export async function makePlainQueue(client: Client): Promise<void> {
  await client.query(`drop table if exists ${PLAIN_QUEUE}`);
  await client.query(`create table ${PLAIN_QUEUE} (like public.files_queue including all)`);
  const { rows } = await client.query<{ definition: string }>(
    `select pg_get_triggerdef(oid) as definition from pg_trigger
      where tgrelid = 'public.files_queue'::regclass and not tgisinternal`,
  );
  for (const { definition } of rows) {
    await client.query(definition.replace(' ON public.files_queue ', ` ON ${PLAIN_QUEUE} `));
  }
}

/** Empties `files_queue` and deletes earlier runs. */
export async function emptyQueue(client: Client): Promise<void> {
  await client.query('begin');
  await client.query(`set local legisync.allow_emptying = 'files_queue'`);
  await client.query('truncate public.files_queue, legisync.backfill_runs, legisync.backfill_chunks');
  await client.query('commit');
}
