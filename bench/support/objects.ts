import type { Client } from 'pg';
import { withoutIndexes } from './bulkLoad.ts';

/** What {@link fillBucket} made. */
export interface FilledBucket {
  readonly bucket: string;
  /** Files that belong in the queue. */
  readonly files: number;
  /** Files, and one placeholder in each category. */
  readonly objects: number;
}

/** One folder each. */
const CATEGORIES = 12;

/**
 * Fills an empty `storage.objects` with a bucket such as years of collecting leave behind:
 *
 * - in each category the dashboard's placeholder, which is not a file;
 * - sizes from 95 to 115 kB, 105 kB on average, without content;
 * - metadata as Storage writes them; null for one file in 5,000, as an upload that was cut off leaves it;
 * - no hash for a third of them, as for files from before there was one;
 * - an order of arrival that has nothing to do with that of the paths. This matters: rows in the order of
 *   the index make every plan look good.
 *
 * Indexes are made afterwards, and triggers and foreign keys are off: 1,400,000 objects take about 40 s on
 * two cores. The table is vacuumed and analysed at the end.
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
