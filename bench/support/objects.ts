import type { Client } from 'pg';

/** What {@link fillBucket} made. */
export interface FilledBucket {
  readonly bucket: string;
  /** Files that belong into the queue. */
  readonly files: number;
  /** Files, and one placeholder in each category. */
  readonly objects: number;
}

/** One folder each. */
const CATEGORIES = 12;

/**
 * Fills an empty `storage.objects` with a bucket such as years of collecting leave behind:
 *
 * - 12 categories, each with the dashboard's placeholder, which is no file;
 * - sizes from 95 to 115 kB, 105 kB on average; nothing is stored, only said;
 * - metadata as Storage writes them; null for one file in 5,000, as an upload that was cut off leaves it;
 * - no hash for a third of them, as for files from before there was one;
 * - arrived in an order that has nothing to do with that of their paths. This is what matters: rows that lie in the order
 *   of the index make every plan look good.
 *
 * Indexes are made afterwards, and neither triggers nor foreign keys are asked: 1,400,000 objects take about 40 s on two
 * cores. The table is vacuumed and analysed at the end.
 *
 * @param client of a superuser
 */
export async function fillBucket(client: Client, bucket: string, files: number): Promise<FilledBucket> {
  await client.query('insert into storage.buckets (id, name) values ($1, $1)', [bucket]);
  await withoutIndexes(client, async () => {
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
                        now() - interval '60 days' + row_number() over (order by md5(i::text)) * interval '1 second' as arrived
                   from generate_series(1, $2::int) i
                   order by md5(i::text)) g`,
      [bucket, files, CATEGORIES],
    );
    await client.query(
      `insert into storage.objects (bucket_id, name, created_at, updated_at, metadata)
         select $1, 'legifrance/cat' || lpad(i::text, 2, '0') || '/.emptyFolderPlaceholder',
                now() - interval '90 days', now() - interval '90 days', '{"size": 0, "mimetype": "application/octet-stream"}'
           from generate_series(0, $2::int - 1) i`,
      [bucket, CATEGORIES],
    );
    await client.query('reset session_replication_role');
  });
  await client.query('vacuum analyze storage.objects');
  return { bucket, files, objects: files + CATEGORIES };
}

/** Drops the indexes of `storage.objects` but its primary key, and makes the same ones again after `fill`. */
async function withoutIndexes(client: Client, fill: () => Promise<void>): Promise<void> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
       from pg_index where indrelid = 'storage.objects'::regclass and not indisprimary`,
  );
  for (const { name } of rows) await client.query(`drop index ${name}`);
  await fill();
  for (const { definition } of rows) await client.query(definition);
}
