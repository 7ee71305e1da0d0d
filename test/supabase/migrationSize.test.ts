import { migrate } from '../../src/migrations/migrate.ts';
import { STATUS_VALUES } from '../support/servers.ts';
import { asPostgres, withSession } from '../support/sessions.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

/** Enough for hundreds of pages; `npm run bench:migration` does the same with 1.4 million. */
const ROWS = 20_000;

/** Columns and values of a table with a history. */
const TABLE = `
  create table files_queue (
    id bigint generated always as identity primary key, file_path text not null unique, bucket_id text not null,
    file_size bigint, status text not null default 'pending', processed boolean not null default false,
    created_at timestamptz not null default now(), note jsonb, tags text[], score double precision);
  insert into files_queue (file_path, bucket_id, file_size, status, processed, created_at, note, tags, score)
    select 'legifrance/codes/é ' || n || '.json', 'b', nullif(n % 7, 0),
           (array['pending', 'processed', 'failed', '', 'En cours'])[1 + n % 5], n % 3 = 0,
           timestamptz '2025-01-01 00:00:00.123456Z' + n * interval '1.000001 s',
           case when n % 4 = 0 then jsonb_build_object('n', n) end, array['a', null, n::text], n / 3.0::float8
      from generate_series(1, ${ROWS}) n;
  -- Dead rows in between, and rows that moved.
  update files_queue set status = 'processed' where id % 11 = 0;
  delete from files_queue where id % 13 = 0`;

const COLUMNS = 'id, file_path, bucket_id, file_size, status, processed, created_at, note, tags, score';

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase({ bare: true });
  await withSession(asPostgres(stack.databaseUrl), ({ client }) => client.query(TABLE));
});
afterAll(() => stack.close());

/** Every row as text, with its place on disk and the transaction that wrote it. */
const rows = () =>
  stack.sql<{ row: string }>(
    `select f.ctid || ' ' || f.xmin || ' ' || (r.*)::text as row
       from files_queue f cross join lateral (select ${COLUMNS.replace(/\w+/g, 'f.$&')}) r order by f.id`,
  );
const file = () =>
  stack.sql(`select pg_relation_filenode('files_queue') as node, pg_relation_size('files_queue') as size`);

it('the migrations keep every value of 20,000 rows byte for byte, and rewrite no row', async () => {
  const before = { rows: await rows(), file: await file() };
  expect(before.rows.length).toBeGreaterThan(ROWS * 0.9);
  await migrate(asPostgres(stack.databaseUrl), STATUS_VALUES);
  expect((await rows()).filter(({ row }, n) => row !== before.rows[n]?.row)).toEqual([]);
  expect({ rows: (await rows()).length, file: await file() }).toEqual({
    rows: before.rows.length,
    file: before.file,
  });
});
