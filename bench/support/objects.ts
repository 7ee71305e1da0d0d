import type { Client } from 'pg';
import { withoutIndexes } from './bulkLoad.ts';

/** The result of {@link fillBucket}. */
export interface FilledBucket {
  readonly bucket: string;
  /** Files that belong in the queue. */
  readonly files: number;
  /** Files, plus one placeholder in each category. */
  readonly objects: number;
}

/** One folder each. */
const CATEGORIES = 12;

/**
 * Fills an empty `storage.objects` with a bucket as after years of collecting:
 *
 * - in each category, the dashboard's placeholder, which is not a file;
 * - sizes from 95 to 115 kB, 105 kB on average, without content;
 * - metadata in Storage's form; null for one file in 5,000, as after an interrupted upload;
 * - no hash for a third of them, as for files from before hashes existed;
 * - an order of arrival that is independent of the order of the paths. This matters: with rows in
 *   index order, every plan looks good.
 *
 * Indexes are created afterwards, and triggers and foreign keys are off: 1,400,000 objects take
 * about 40 s on two cores. The table is vacuumed and analysed at the end.
 *
 * @param client of a superuser
 * @param categories folders `cat00`, `cat01`, …
 */
export async function fillBucket(
  client: Client,
  bucket: string,
  files: number,
  categories = CATEGORIES,
): Promise<FilledBucket> {
  await client.query('insert into storage.buckets (id, name) values ($1, $1)', [bucket]);
  const fill = async (): Promise<void> => {
    await client.query('set session_replication_role = replica');
    await client.query(
      `insert into storage.objects
           (bucket_id, name, created_at, updated_at, metadata, version, user_metadata)
         select $1, 'legifrance/cat' || lpad((i % $3)::text, 2, '0') || '/LEGIARTI' || lpad(i::text, 12, '0') || '.json',
                arrived, arrived,
                case when i % 5000 <> 3 then jsonb_build_object(
                  'eTag', '"' || md5(i::text) || '"', 'size', size, 'mimetype', 'application/json',
                  'cacheControl', 'max-age=3600', 'lastModified', to_char(arrived, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                  'contentLength', size, 'httpStatusCode', 200) end,
                gen_random_uuid()::text,
                case when i % 3 = 0 then '{}' else jsonb_build_object('sha256', 'v1:' || md5('a' || i) || md5('b' || i)) end
           from (select i, 95000 + (i::bigint * 7919) % 20000 as size,
                        now() - interval '60 days' + row_number() over (order by md5(i::text))
                          * least(1, 4e6 / $2::int) * interval '1 second' as arrived
                   from generate_series(1, $2::int) i
                   order by md5(i::text)) g`,
      [bucket, files, categories],
    );
    await client.query(
      `insert into storage.objects (bucket_id, name, created_at, updated_at, metadata)
         select $1, 'legifrance/cat' || lpad(i::text, 2, '0') || '/.emptyFolderPlaceholder',
                now() - interval '90 days', now() - interval '90 days', '{"size": 0, "mimetype": "application/octet-stream"}'
           from generate_series(0, $2::int - 1) i`,
      [bucket, categories],
    );
    await client.query('reset session_replication_role');
  };
  await withoutIndexes(client, 'storage.objects', fill, ['storage.objects_pkey']);
  await client.query('vacuum analyze storage.objects');
  return { bucket, files, objects: files + categories };
}
