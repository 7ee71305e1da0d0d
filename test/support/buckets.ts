import { randomUUID } from 'node:crypto';
import type {
  BackfillChunkInput,
  BackfillChunkResult,
  BackfillOptions,
  BackfillRun,
  BackfillStart,
} from '../../src/contract/backfill.ts';
import type { SupabaseStack } from './supabase.ts';

/** Default options of a run. */
export const PLAIN: BackfillOptions = {
  kind: 'queue',
  prefix: '',
  finished: false,
  graceSeconds: 900,
  allAtOnce: false,
};

/**
 * Makes a bucket of files collected before legisync. They are in three categories, and not inserted
 * in the order of their paths. A third has no hash, and some have no metadata. Each folder has the
 * dashboard's placeholder, and there is one object that is a folder.
 *
 * @returns the bucket's name
 */
export async function plantBucket(stack: SupabaseStack, files: number): Promise<string> {
  const bucket = `bucket-${randomUUID().slice(0, 8)}`;
  await stack.sql('insert into storage.buckets (id, name) values ($1, $1)', [bucket]);
  await plantFiles(stack, bucket, files);
  await stack.sql(
    `insert into storage.objects (bucket_id, name, metadata, created_at, updated_at)
     select $1, name, '{"size": 0}', now() - interval '1 year', now() - interval '1 year'
     from unnest(array['legifrance/cat0/.emptyFolderPlaceholder', 'legifrance/cat1/.emptyFolderPlaceholder',
                       'legifrance/cat2/']) name`,
    [bucket],
  );
  return bucket;
}

/** Adds the objects number `from` to `from + files - 1`, one day old. */
export async function plantFiles(
  stack: SupabaseStack,
  bucket: string,
  files: number,
  from = 0,
): Promise<void> {
  await stack.sql(
    `insert into storage.objects (bucket_id, name, metadata, user_metadata, created_at, updated_at)
     select $1, legisync.document_path('cat' || i % 3, 'LEGIARTI' || lpad(i::text, 12, '0')),
            case when i % 50 = 7 then null else jsonb_build_object('size', 1000 + i) end,
            case when i % 3 = 0 then null else jsonb_build_object('sha256', 'v1:' || md5(i::text)) end,
            now() - interval '1 day', now() - interval '1 day'
     from (select i from generate_series($2::int, $2 + $3 - 1) i order by md5(i::text)) g`,
    [bucket, from, files],
  );
}

/** Counts a bucket's rows and its missing ones, by other statements than the backfill's. */
export async function countsOf(
  stack: SupabaseStack,
  bucket: string,
): Promise<{ rows: number; paths: number; missing: number }> {
  const [counts] = await stack.sql<{ rows: number; paths: number; missing: number }>(
    `select count(*)::int as rows, count(distinct file_path)::int as paths,
            (select count(*)::int from storage.objects o
              where bucket_id = $1 and name like '%.json'
                and name not in (select file_path from public.files_queue)) as missing
       from public.files_queue where bucket_id = $1`,
    [bucket],
  );
  if (counts === undefined) throw new Error('no counts');
  return counts;
}

/** Opens runs. The stack may be opened later. */
export const runOpener =
  (stack: () => SupabaseStack) =>
  (
    bucket: string,
    options: Partial<BackfillOptions> = {},
    start: BackfillStart = 'new',
    owner = 'owner-1',
  ): Promise<BackfillRun> =>
    stack().supabase.backfill.open({ bucket, owner, start, options: { ...PLAIN, ...options } });

/** Runs all chunks of a run through the port, and calls `between` before each chunk. */
export async function carryOut(
  stack: SupabaseStack,
  run: BackfillRun,
  size: number,
  between: (run: BackfillRun) => Promise<void> = () => Promise.resolve(),
): Promise<{ run: BackfillRun; chunks: readonly BackfillChunkResult[] }> {
  const chunks: BackfillChunkResult[] = [];
  let current = run;
  while (current.phase !== 'end') {
    await between(current);
    const chunk = await stack.supabase.backfill.chunk({ ...at(current), size });
    chunks.push(chunk);
    current = chunk.run;
  }
  return { run: current, chunks };
}

/** The arguments of the run's next chunk that name its position. */
export const at = ({ id, phase, position }: BackfillRun): Omit<BackfillChunkInput, 'size'> => ({
  run: id,
  phase,
  position,
});
