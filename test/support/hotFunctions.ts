import type { Client } from 'pg';
import { readingOf, type Reading } from './plans.ts';

/** The batch of all calls below. */
const BATCH = `'{"workflow":"w","run":"r","sequence":1}'`;

/** The collection's category, the bucket, and a path in its middle. */
const CATEGORY = 'cat1';
const MIDDLE = `legifrance/cat3/`;

/**
 * Fills Storage, the queue and the catalogue with the same number of rows. The files are in 12
 * categories, and not inserted in the order of their paths. Every row is pending, every document
 * stored. The statistics stay outdated until the caller runs `analyze`, because autovacuum is off.
 */
export async function plantAlike(client: Client, rows: number): Promise<void> {
  await client.query(`
    alter table storage.objects set (autovacuum_enabled = off);
    alter table public.files_queue set (autovacuum_enabled = off);
    alter table legisync.documents set (autovacuum_enabled = off);
    alter table legisync.listing_documents set (autovacuum_enabled = off);
    insert into storage.buckets (id, name) values ('b', 'b')`);
  await client.query(
    `insert into storage.objects (bucket_id, name, metadata, user_metadata, created_at, updated_at)
     select 'b', legisync.document_path('cat' || i % 12, 'LEGIARTI' || lpad(i::text, 12, '0')),
            jsonb_build_object('size', 1000 + i), jsonb_build_object('sha256', 'v1:' || md5(i::text)),
            now() - interval '2 days', now() - interval '2 days'
     from (select i from generate_series(1, $1::int) i order by md5(i::text)) g`,
    [rows],
  );
  await client.query(`
    insert into public.files_queue (file_path, bucket_id, file_size, created_at, content_sha256, content_at)
      select name, bucket_id, (metadata ->> 'size')::bigint, now() - interval '1 day', user_metadata ->> 'sha256',
             now() - interval '1 day'
      from storage.objects order by md5(name);
    insert into legisync.documents (category, id, source, code_id, revision, state, content_sha256, stored_at)
      select split_part(name, '/', 2), left(split_part(name, '/', 3), 20), 's', '', 'r1', 'stored',
             user_metadata ->> 'sha256', now()
      from storage.objects;
    insert into legisync.passes (collection, pass) values ('${CATEGORY}', 1);
    insert into legisync.slices (collection, pass, source, kind, holder, held_since, held_until)
      values ('${CATEGORY}', 1, 's', 'source', ('w', 'r', 1), now(), now() + interval '1 hour')`);
}

/**
 * A function that is called all the time, or once for each of many parts of a collection or bucket.
 */
export interface HotFunction {
  readonly name: string;
  /**
   * Runs first. `$ids` is replaced by an array of 100 ids, `$page` by the same as a listing; also
   * `$slice` and `$run`.
   */
  readonly before?: string;
  /**
   * Runs first, and is not rolled back: rows changed in the same transaction would slow the call.
   */
  readonly lasting?: readonly string[];
  readonly call: string;
  /** Number of pages that one call may read, for any size of the tables. */
  readonly buffers: number;
}

const wait = (when: string): string =>
  `update legisync.documents set state = 'failed', next_attempt_at = now() ${when} where category = '${CATEGORY}'`;
const run = (phase: string): string =>
  `insert into legisync.backfill_runs (bucket_id, kind, grace, owner, phase, position)
   values ('b', '${phase === 'sizes' ? 'sizes' : 'queue'}', '15 minutes', 'o', '${phase}', '${MIDDLE}')`;
const chunk = (phase: string): string => `legisync_backfill_chunk($run, '${phase}', '${MIDDLE}', 1000)`;

/**
 * Measured at 1.4 million rows. The limits leave room for one more index level and for pages that
 * are not all-visible.
 */
export const HOT_FUNCTIONS: readonly HotFunction[] = [
  { name: 'open_pass', call: `legisync_open_pass('${CATEGORY}', '{s}', 60)`, buffers: 150 },
  {
    name: 'open_pass while many documents wait',
    before: wait(`+ interval '1 day'`),
    call: `legisync_open_pass('${CATEGORY}', '{s}', 60)`,
    buffers: 150,
  },
  { name: 'lease_slice', call: `legisync_lease_slice('${CATEGORY}', 1, ${BATCH}, 60)`, buffers: 100 },
  {
    name: 'register_slice, 100 documents that have not changed',
    call: `legisync_register_slice('b', $slice, ${BATCH}, 1, 1, $page, 'continue', 60, 'trust')`,
    buffers: 3_000,
  },
  {
    name: 'take_documents while many documents wait',
    before: wait(`+ interval '1 day'`),
    call: `legisync_take_documents('${CATEGORY}', ${BATCH}, 100)`,
    buffers: 100,
  },
  {
    name: 'take_documents while many documents are due',
    before: wait(`- interval '1 day'`),
    call: `legisync_take_documents('${CATEGORY}', ${BATCH}, 100)`,
    buffers: 5_000,
  },
  {
    name: 'take_listed while many documents wait',
    before: wait(`+ interval '1 day'`),
    call: `legisync_take_listed('b', '${CATEGORY}', ${BATCH}, 's', $page, '{}', 'trust')`,
    buffers: 4_000,
  },
  {
    name: 'describe_documents',
    call: `legisync_describe_documents('b', '${CATEGORY}', ${BATCH}, $ids)`,
    buffers: 2_000,
  },
  {
    name: 'enqueue_documents',
    before: `update legisync.documents
             set holder = ('w', 'r', 1), held_since = now(), held_until = now() + interval '1 hour', next_attempt_at = now()
             where category = '${CATEGORY}' and id = any ($ids)`,
    call: `legisync_enqueue_documents('b', '${CATEGORY}', ${BATCH}, $ids, '[]')`,
    buffers: 12_000,
  },
  {
    name: 'claim_files where 100 leases have ended',
    before: `insert into legisync.claims (file_path, state, holder, attempts, held_since, held_until)
             select file_path, 'held', 'w', 1, now(), now() - interval '1 minute'
             from (select file_path from public.files_queue order by md5(file_path) limit 100) f`,
    call: `legisync_claim_files('w', 100, 60)`,
    buffers: 12_000,
  },
  { name: 'claim_files', call: `legisync_claim_files('w', 100, 60)`, buffers: 6_000 },
  {
    name: 'complete_files',
    before: `select legisync_claim_files('w', 100, 60)`,
    call: `legisync_complete_files(token, array_agg(file_path)) from legisync.claims group by token`,
    buffers: 8_000,
  },
  { name: 'backfill_chunk, queue', before: run('queue'), call: chunk('queue'), buffers: 4_000 },
  { name: 'backfill_chunk, catch_up', before: run('catch_up'), call: chunk('catch_up'), buffers: 4_000 },
  { name: 'backfill_chunk, verify', before: run('verify'), call: chunk('verify'), buffers: 4_000 },
  { name: 'backfill_chunk, sizes', before: run('sizes'), call: chunk('sizes'), buffers: 6_000 },
  {
    name: 'repair_dangling, 1,000 rows',
    call: `legisync_repair_dangling('b', 900, '${MIDDLE}', 1000, true)`,
    buffers: 15_000,
  },
  {
    name: 'repair_stale, 1,000 rows',
    call: `legisync_repair_stale('b', 900, '${MIDDLE}', 1000, true)`,
    buffers: 15_000,
  },
  // Must be the last one, because its changes stay.
  {
    name: 'claim_files where all that is pending is processed as well',
    lasting: ['update public.files_queue set processed = true', 'vacuum public.files_queue'],
    call: `legisync_claim_files('w', 100, 60)`,
    buffers: 1_000,
  },
];

/** Runs a hot function in a transaction that is rolled back. */
export async function readHot(client: Client, { before, lasting = [], call }: HotFunction): Promise<Reading> {
  for (const statement of lasting) await client.query(statement);
  const { rows } = await client.query<{ ids: string; page: string; slice: string }>(
    `select quote_literal(array_agg(id)) as ids, quote_literal(jsonb_agg(jsonb_build_object('id', id, 'revision', 'r1'))) as page,
            (select max(id)::text from legisync.slices) as slice
     from (select id from legisync.documents where category = '${CATEGORY}' order by md5(id) limit 100) d`,
  );
  const [given] = rows;
  if (given === undefined) throw new Error('no documents');
  const fill = (sql: string, runId = ''): string =>
    sql
      .replaceAll('$ids', () => `${given.ids}::text[]`)
      .replaceAll('$page', () => given.page)
      .replaceAll('$slice', given.slice)
      .replaceAll('$run', runId);
  const read = async (prepare: string | undefined): Promise<Reading> => {
    await client.query('begin');
    try {
      if (prepare !== undefined) await client.query(fill(prepare));
      const runs = await client.query<{ id: string | null }>(
        'select max(id) as id from legisync.backfill_runs',
      );
      return await readingOf(client, `select ${fill(call, runs.rows[0]?.id ?? '')}`);
    } finally {
      await client.query('rollback');
    }
  };
  // The first call of a session also reads the system catalogue, and skips index entries of earlier
  // calls, which were rolled back.
  await read(call.includes('$run') ? before : undefined);
  return read(before);
}
