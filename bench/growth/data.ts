import type { Client } from 'pg';
import { withoutIndexes } from '../support/bulkLoad.ts';
import { BUCKET, CATEGORIES, DUE, STORED, WAITING } from './names.ts';
import { fillSlices } from './slices.ts';
import { fillBucket } from '../support/objects.ts';

/** Number of articles in a code. */
const CODE_DOCUMENTS = 5_000;

/**
 * Number of objects without a row, rows without an object, and stale rows; the same for every size.
 */
const DIFFERENCES = 1_000;

/**
 * Fills Storage, queue and catalogue with `rows` rows each. All rows of the queue are pending. All
 * over the bucket, 1,000 files have no row, 1,000 rows have no file, and up to 1,000 rows are
 * stale. Two sevenths of the stored collection are listed by codes; the rest by searches.
 *
 * Creates a temporary table `listed`: `category`, `id`, and `n`, the position in the listing, from
 * 0.
 */
export async function fillGrowth(client: Client, rows: number): Promise<void> {
  await fillBucket(client, BUCKET, rows, CATEGORIES);
  await withoutIndexes(client, 'public.files_queue', () => fillQueue(client, rows));
  const codesFrom = Math.floor(((rows / CATEGORIES) * 5) / 7);
  await client.query(
    `create temporary table listed as
       select category, id, sha256, n,
              case when category = '${STORED}' and n >= ${codesFrom}
                   then 'LEGITEXT' || lpad(((n - ${codesFrom}) / ${CODE_DOCUMENTS})::text, 12, '0') else '' end as code
         from (select split_part(name, '/', 2) as category, left(split_part(name, '/', 3), 20) as id,
                      user_metadata ->> 'sha256' as sha256,
                      row_number() over (partition by split_part(name, '/', 2) order by md5(name)) - 1 as n
                 from storage.objects where bucket_id = '${BUCKET}' and legisync.is_file(name)) o`,
  );
  await client.query('create index on listed (category, n)');
  await client.query('analyze listed');
  await withoutIndexes(client, 'legisync.documents', () => fillCatalogue(client));
  await fillSlices(client);
  await client.query('vacuum (analyze)');
}

async function fillQueue(client: Client, rows: number): Promise<void> {
  const every = Math.floor(rows / DIFFERENCES);
  // Numbered by a hash of their paths, so that the planted differences are all over the bucket.
  await client.query(
    `insert into public.files_queue (file_path, bucket_id, file_size, content_sha256, created_at)
       select name, bucket_id, legisync.object_size(metadata),
              case when n % ${every} = 1 then 'v1:' || md5(name) else user_metadata ->> 'sha256' end,
              created_at + interval '1 second'
         from (select *, row_number() over (order by md5(name)) as n
                 from storage.objects where bucket_id = '${BUCKET}' and legisync.is_file(name)) o
        where n % ${every} <> 0 order by created_at`,
  );
  await client.query(
    `insert into public.files_queue (file_path, bucket_id, file_size, created_at)
       select 'legifrance/cat0' || i % ${CATEGORIES} || '/' || left(md5(i::text), 12) || '.json',
              '${BUCKET}', 100000, now() - interval '2 days'
         from generate_series(1, ${DIFFERENCES}) i`,
  );
}

async function fillCatalogue(client: Client): Promise<void> {
  await client.query(
    `insert into legisync.documents
         (category, id, source, code_id, revision, state, content_sha256, attempts, code, next_attempt_at, stored_at)
       select category, id, case code when '' then 'search' else 'codes' end, code, 'r1',
              case category when '${WAITING}' then 'failed' when '${DUE}' then 'discovered' else 'stored' end,
              case when category not in ('${WAITING}', '${DUE}') then sha256 end,
              case category when '${WAITING}' then 1 else 0 end,
              case category when '${WAITING}' then 'LEGIFRANCE_UNAVAILABLE' end,
              case category when '${WAITING}' then now() + interval '1 day' + n * interval '1 millisecond'
                            when '${DUE}' then now() - interval '1 day' + n * interval '1 millisecond' end,
              case when category not in ('${WAITING}', '${DUE}') then now() end
         from listed order by n`,
  );
}
