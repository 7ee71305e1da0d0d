import type { FullReading } from '../../src/contract/coherence.ts';
import { plantBucket, plantFiles } from './buckets.ts';
import { BUCKET, type SupabaseStack } from './supabase.ts';

/** Grace time of the checks, in seconds. */
export const GRACE = 900;

/** A bucket other than the checked one. */
const OTHER = BUCKET;

/** Adds the missing row of each file of the bucket, twelve hours old, as collecting does. */
export async function queueAll(stack: SupabaseStack, bucket: string): Promise<void> {
  await stack.sql(
    `insert into public.files_queue (file_path, bucket_id, file_size, content_sha256, created_at)
     select name, bucket_id, (metadata ->> 'size')::bigint, user_metadata ->> 'sha256', now() - interval '12 hours'
     from storage.objects where bucket_id = $1 and name like '%.json' on conflict do nothing`,
    [bucket],
  );
}

/**
 * Runs one `update public.files_queue set …` on the `n` rows from the `from`th file on that satisfy
 * `where`.
 */
export async function change(
  stack: SupabaseStack,
  bucket: string,
  { set, from, n, where = 'true' }: { set: string; from: number; n: number; where?: string },
): Promise<void> {
  const changed = await stack.sql(
    `update public.files_queue set ${set} where file_path in (
       select file_path from public.files_queue
       where bucket_id = $1 and substring(file_path from '[0-9]{12}')::int between $2 and 5999 and (${where})
       order by substring(file_path from '[0-9]{12}') limit $3)
     returning file_path`,
    [bucket, from, n],
  );
  if (changed.length !== n) throw new Error(`changed ${changed.length} rows, not ${n}: ${set}`);
}

/** The counts of a full reading after {@link plantMix}. */
export const MIX = {
  files: 5_012,
  placeholders: 3,
  placeholdersWithoutRow: 2,
  missing: 140,
  inFlight: 12,
  heldByOtherBucket: 8,
  rowsOfOtherBuckets: 19,
  dangling: 43,
  danglingMarked: 3,
  rowsInFlight: 5,
  markedButBack: 2,
  stale: 13,
  sizeMismatches: 21,
} as const satisfies Partial<FullReading>;

/**
 * Makes a bucket of 5,000 files with every kind of difference, and with states that only look like
 * one.
 */
export async function plantMix(stack: SupabaseStack): Promise<string> {
  const bucket = await plantBucket(stack, 5_000);
  await queueAll(stack, bucket);
  const paths = (from: number, to: number): string =>
    `bucket_id = $1 and substring(file_path from '[0-9]{12}')::int between ${from} and ${to}`;
  await stack.sql(`delete from public.files_queue where ${paths(0, 139)}`, [bucket]);
  await stack.sql(`update public.files_queue set bucket_id = '${OTHER}' where ${paths(140, 147)}`, [bucket]);

  // In flight: an object and a row of this minute.
  await plantFiles(stack, bucket, 12, 6_000);
  await stack.sql(
    `update storage.objects set created_at = now(), updated_at = now()
     where bucket_id = $1 and substring(name from '[0-9]{12}')::int between 6000 and 6011`,
    [bucket],
  );
  await plantRows(stack, bucket, { n: 5, from: 7_000, age: '1 minute' });
  await plantRows(stack, bucket, { n: 43, from: 7_100, age: '1 hour' });
  await stack.sql(`update public.files_queue set dangling_since = now() where ${paths(7_100, 7_102)}`, [
    bucket,
  ]);
  await plantRows(stack, OTHER, { n: 11, from: 7_200, age: '1 hour' });

  const hashed = 'content_sha256 is not null';
  await change(stack, bucket, { set: `content_sha256 = 'v1:other'`, from: 200, n: 9, where: hashed });
  // Without a hash, the dates decide.
  await change(stack, bucket, {
    set: `created_at = now() - interval '2 days'`,
    from: 300,
    n: 4,
    where: 'content_sha256 is null',
  });
  // Not stale: marked already, hashed by another projection version, written just now, or almost as
  // old.
  await change(stack, bucket, {
    set: `content_sha256 = 'v1:other', requeue = true`,
    from: 400,
    n: 6,
    where: hashed,
  });
  await change(stack, bucket, { set: `content_sha256 = 'v0:other'`, from: 500, n: 7, where: hashed });
  await change(stack, bucket, { set: `content_sha256 = 'v1:other'`, from: 600, n: 3, where: hashed });
  await stack.sql(
    `update storage.objects o set updated_at = now() from public.files_queue f
     where f.file_path = o.name and o.bucket_id = $1 and f.content_sha256 = 'v1:other' and not f.requeue
       and substring(name from '[0-9]{12}')::int between 600 and 699`,
    [bucket],
  );
  await change(stack, bucket, {
    set: `created_at = now() - interval '1 day 10 minutes'`,
    from: 700,
    n: 5,
    where: 'content_sha256 is null',
  });
  await change(stack, bucket, {
    set: 'file_size = file_size + 1',
    from: 800,
    n: 21,
    where: 'file_size is not null',
  });
  await change(stack, bucket, { set: 'dangling_since = now()', from: 1_000, n: 2 });
  // A placeholder that the team's own statement has queued.
  await stack.sql(
    `insert into public.files_queue (file_path, bucket_id, file_size, created_at)
     select name, bucket_id, 0, now() - interval '1 day' from storage.objects where bucket_id = $1 and name like '%cat0/.empty%'`,
    [bucket],
  );
  return bucket;
}

/** Rows without an object. */
export async function plantRows(
  stack: SupabaseStack,
  bucket: string,
  { n, from, age }: { n: number; from: number; age: string },
): Promise<void> {
  await stack.sql(
    `insert into public.files_queue (file_path, bucket_id, file_size, created_at)
     select legisync.document_path('cat' || i % 3, 'LEGIARTI' || lpad(i::text, 12, '0')), $1, 1000, now() - $4::interval
     from generate_series($2::int, $2 + $3 - 1) i`,
    [bucket, from, n, age],
  );
}

/** Takes a full reading of a bucket. */
export async function readFull(stack: SupabaseStack, bucket: string): Promise<FullReading> {
  const reading = await stack.supabase.coherence.measure({ bucket, kind: 'full', graceSeconds: GRACE });
  if (reading.kind !== 'full') throw new Error('not a full reading');
  return reading;
}
