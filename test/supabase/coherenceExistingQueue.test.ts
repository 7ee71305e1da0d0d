import { migrate } from '../../src/migrations/migrate.ts';
import { GRACE, readFull } from '../support/coherence.ts';
import { STATUS_VALUES } from '../support/servers.ts';
import { asPostgres, withSession } from '../support/sessions.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

let stack: SupabaseStack;

beforeEach(async () => {
  stack = await openSupabase({ bare: true });
});
afterEach(() => stack.close());

/** Shapes of a pre-existing queue, and the status that a dangling pending row gets in it. */
const SHAPES: readonly (readonly [shape: string, ddl: string, marked: string])[] = [
  [
    'an enum without a value for it',
    `create type queue_status as enum ('pending', 'processing', 'processed');
     create table files_queue (
       id uuid primary key default gen_random_uuid(), file_path text not null unique, bucket_id text not null,
       file_size bigint, status queue_status not null default 'pending', processed boolean not null default false,
       created_at timestamptz not null default now())`,
    'pending',
  ],
  [
    'an enum with a value for it',
    `create type queue_status as enum ('pending', 'processing', 'processed', 'dangling');
     create table files_queue (
       file_path text primary key, bucket_id text, file_size integer, status queue_status default 'pending',
       processed boolean default false, created_at timestamptz default now())`,
    'dangling',
  ],
  [
    'nullable columns, times without a zone, and an updated_at with its own trigger',
    `create table files_queue (
       id serial, file_path varchar(300) unique, bucket_id varchar(100), file_size bigint, status varchar(20), processed boolean,
       created_at timestamp, updated_at timestamp);
     create function touch() returns trigger language plpgsql as $$ begin new.updated_at := now(); return new; end $$;
     create trigger touch before update on files_queue for each row execute function touch();
     insert into files_queue (file_path, bucket_id) values (null, '${BUCKET}'), ('no date', 'another')`,
    'dangling',
  ],
];

describe('the coherence of an existing files_queue', () => {
  it.each(SHAPES)('with %s is read, and repaired', async (_shape, ddl, marked) => {
    await withSession(asPostgres(stack.databaseUrl), async ({ client }) => {
      await client.query(ddl);
      await client.query(
        `insert into files_queue (file_path, bucket_id, file_size, status, processed, created_at) values
           ('legifrance/codes/right.json', $1, 5, 'processed', true, '2025-01-01'),
           ('legifrance/codes/gone.json', $1, 1, 'pending', false, '2025-01-01'),
           ('legifrance/codes/changed.json', $1, 5, 'processed', true, '2024-01-01'),
           ('legifrance/codes/size.json', $1, 6, 'processing', false, '2025-01-01')`,
        [BUCKET],
      );
    });
    // The trigger of Storage keeps the time of an insert.
    await stack.sql(
      `insert into storage.objects (bucket_id, name, metadata, created_at, updated_at)
       select $1, 'legifrance/codes/' || name || '.json', '{"size": 5}', '2024-12-31', '2024-12-31'
       from unnest(array['right', 'changed', 'size', 'new']) name`,
      [BUCKET],
    );
    await migrate(asPostgres(stack.databaseUrl), STATUS_VALUES);

    const found = { missing: 1, dangling: 1, stale: 1, sizeMismatches: 1, files: 4 };
    expect(await readFull(stack, BUCKET)).toMatchObject(found);
    const { coherence } = stack.supabase;
    const ask = { bucket: BUCKET, graceSeconds: GRACE, limit: 10 };
    expect(await coherence.missing(ask)).toMatchObject([{ path: 'legifrance/codes/new.json', size: 5 }]);
    expect(await coherence.dangling(ask)).toMatchObject([
      { path: 'legifrance/codes/gone.json', status: 'pending' },
    ]);
    expect(await coherence.stale(ask)).toMatchObject([{ path: 'legifrance/codes/changed.json' }]);

    const chunk = { bucket: BUCKET, graceSeconds: GRACE, after: '', size: 100, dryRun: false };
    expect(await coherence.repairDangling(chunk)).toMatchObject({ marked: 1, next: null });
    expect(await coherence.repairStale(chunk)).toMatchObject({ pendingAgain: 1, requeued: 0, resized: 1 });
    expect(await readFull(stack, BUCKET)).toMatchObject({
      ...found,
      danglingMarked: 1,
      stale: 0,
      sizeMismatches: 0,
    });
    expect(
      await stack.sql(
        `select file_path, status::text, processed, file_size::int from public.files_queue where file_path like '%.json' order by 1`,
      ),
    ).toEqual([
      { file_path: 'legifrance/codes/changed.json', status: 'pending', processed: false, file_size: 5 },
      { file_path: 'legifrance/codes/gone.json', status: marked, processed: false, file_size: 1 },
      { file_path: 'legifrance/codes/right.json', status: 'processed', processed: true, file_size: 5 },
      { file_path: 'legifrance/codes/size.json', status: 'processing', processed: false, file_size: 5 },
    ]);
    expect(await coherence.rate()).toEqual([]);
  });
});
