import { documentPath } from '../../src/contract/documents.ts';
import { migrate } from '../../src/migrations/migrate.ts';
import { carryOut, PLAIN } from '../support/buckets.ts';
import { definitions } from '../support/definitions.ts';
import { articleId, batchOf, hashOf, plantDue, putObject, queueRow } from '../support/queue.ts';
import { STATUS_VALUES } from '../support/servers.ts';
import { asPostgres, withSession } from '../support/sessions.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

/** Shapes of a pre-existing queue. The project's role creates each, as the SQL editor does. */
const SHAPES: readonly (readonly [string, string])[] = [
  [
    'a bigint id, text, no row security, rights for everybody',
    `create table files_queue (
       id bigserial primary key, file_path text not null unique, bucket_id text not null, file_size bigint,
       status text not null default 'pending', processed boolean not null default false,
       created_at timestamptz not null default now());
     grant all on files_queue to anon, authenticated`,
  ],
  [
    'a uuid id, an enum for the status, row security with a policy',
    `create type queue_status as enum ('pending', 'processing', 'processed', 'failed', 'archived');
     create table files_queue (
       id uuid primary key default gen_random_uuid(), file_path text not null, bucket_id text not null, file_size bigint,
       status queue_status not null default 'pending', processed boolean not null default false,
       created_at timestamptz not null default now());
     create unique index files_queue_path on files_queue (file_path);
     alter table files_queue enable row level security;
     create policy "workers read" on files_queue for select to authenticated using (not processed);
     grant select on files_queue to authenticated`,
  ],
  [
    'no id, a CHECK on the status, additional columns',
    `create table files_queue (
       file_path text primary key, bucket_id text not null, file_size integer, priority integer not null default 5,
       status varchar(20) default 'pending' check (status in ('pending', 'processing', 'processed', 'failed', 'archived')),
       processed boolean default false, created_at timestamptz default now(), error_message text)`,
  ],
  [
    'nullable columns without defaults, forced row security, an updated_at with its own trigger',
    `create table files_queue (
       id serial, file_path text unique, bucket_id text, file_size bigint, status text, processed boolean,
       created_at timestamp, updated_at timestamp);
     alter table files_queue enable row level security;
     alter table files_queue force row level security;
     create function touch() returns trigger language plpgsql as $$ begin new.updated_at := now(); return new; end $$;
     create trigger a_touch before update on files_queue for each row execute function touch();
     create trigger z_touch before insert or update on files_queue for each row execute function touch()`,
  ],
];

const OLD_COLUMNS = 'file_path, bucket_id, file_size, status, processed, created_at';

let stack: SupabaseStack;

beforeEach(async () => {
  stack = await openSupabase({ bare: true });
});
afterEach(() => stack.close());

describe.each(SHAPES)('an existing files_queue with %s', (_what, ddl) => {
  beforeEach(async () => {
    await withSession(asPostgres(stack.databaseUrl), async ({ client }) => {
      await client.query(ddl);
      await client.query(
        `insert into files_queue (file_path, bucket_id, file_size, status, processed, created_at) values
           ('legifrance/codes/a.json', $1, 1, 'pending', false, '2025-01-01'),
           ('legifrance/codes/b.json', $1, null, 'processed', true, '2025-01-02'),
           ('legifrance/codes/c.json', $1, 3, 'archived', false, '2025-01-03'),
           ('legifrance/codes/d.json', 'another', 4, 'processing', false, '2025-01-04')`,
        [BUCKET],
      );
    });
  });

  it('keeps its rows as they are on disk, its rights, policies and triggers, and gains ours', async () => {
    const rows = () => stack.sql(`select ctid, xmin, ${OLD_COLUMNS} from files_queue order by file_path`);
    const before = { rows: await rows(), definitions: await definitions(stack) };
    await migrate(asPostgres(stack.databaseUrl), STATUS_VALUES);
    expect(await rows()).toEqual(before.rows);

    const after = await definitions(stack);
    for (const [name, definition] of before.definitions) {
      // The service role gets rights on the queue. Nothing else that existed changes.
      const now = after
        .get(name)
        ?.replace(
          /(,service_role=arwd\/postgres|\{postgres=arwdDxtm\/postgres,service_role=arwd\/postgres\} )/,
          '',
        );
      expect([name, now]).toEqual([name, definition]);
    }
    const columns = [...after.keys()].filter(
      (name) => name.startsWith('column files_queue.') && !before.definitions.has(name),
    );
    expect(columns).toEqual(
      ['backfilled', 'content_at', 'content_sha256', 'dangling_since', 'requeue'].map(
        (name) => `column files_queue.${name}`,
      ),
    );
  });

  it('works: a new document is queued, a changed one is pending again when its Worker finishes', async () => {
    await migrate(asPostgres(stack.databaseUrl), STATUS_VALUES);
    const { catalogue } = stack.supabase;
    const id = articleId(1);
    const path = documentPath('codes', id);
    await plantDue(stack, 'codes', [id]);
    const collect = async (sequence: number, body: string) => {
      await stack.sql(`update legisync.documents set next_attempt_at = clock_timestamp() - interval '1 s'`);
      const batch = batchOf('codes', sequence);
      expect(await catalogue.takeDocuments(batch, 1)).toEqual([id]);
      await putObject(stack, path, body);
      return catalogue.enqueue(batch, [id], []);
    };
    const worker = (sql: string) => stack.sql(`update files_queue set ${sql} where file_path = $1`, [path]);

    expect(await collect(1, 'first')).toMatchObject({ queued: 1 });
    expect(await queueRow(stack, path)).toMatchObject({ status: 'pending', processed: false });
    expect(Number((await queueRow(stack, path))?.file_size)).toBe(5);

    await worker(`status = 'processing'`);
    expect(await collect(2, 'second text')).toMatchObject({ requeued: 1 });
    await worker(`status = 'processed', processed = true`);
    expect(await queueRow(stack, path)).toMatchObject({
      status: 'pending',
      processed: false,
      requeue: false,
      content_sha256: hashOf('second text'),
    });
    await worker(`status = 'processed', processed = true`);
    expect(await collect(3, 'third')).toMatchObject({ requeued: 1 });
    expect(await queueRow(stack, path)).toMatchObject({ status: 'pending', processed: false });
  });

  it('is rebuilt by a backfill, with rows that are pending or processed as the options say', async () => {
    await migrate(asPostgres(stack.databaseUrl), STATUS_VALUES);
    await stack.sql(
      `insert into storage.objects (bucket_id, name, metadata)
       select $1, path, '{"size": 7}' from unnest(array['legifrance/codes/a.json', 'legifrance/codes/e.json']) path`,
      [BUCKET],
    );
    const first = await stack.supabase.backfill.open({
      bucket: BUCKET,
      owner: '1',
      start: 'new',
      options: PLAIN,
    });
    expect((await carryOut(stack, first, 10)).run).toMatchObject({ queued: 1, caughtUp: 0 });
    // Recent files stay pending whatever the options say: they may still be in progress.
    await stack.sql(
      `insert into storage.objects (bucket_id, name, updated_at)
       values ($1, 'legifrance/codes/f.json', now() - interval '1 day')`,
      [BUCKET],
    );
    const options = { ...PLAIN, finished: true };
    const second = await stack.supabase.backfill.open({ bucket: BUCKET, owner: '2', start: 'new', options });
    await carryOut(stack, second, 10);
    expect(
      await stack.sql(
        `select right(file_path, 6) as file, file_size::int as size, status::text, processed from files_queue
          where bucket_id = $1 order by file_path`,
        [BUCKET],
      ),
    ).toEqual([
      { file: 'a.json', size: 1, status: 'pending', processed: false },
      { file: 'b.json', size: null, status: 'processed', processed: true },
      { file: 'c.json', size: 3, status: 'archived', processed: false },
      { file: 'e.json', size: 7, status: 'pending', processed: false },
      { file: 'f.json', size: null, status: 'processed', processed: true },
    ]);
  });

  it('learns of new content of a pre-existing row', async () => {
    await migrate(asPostgres(stack.databaseUrl), STATUS_VALUES);
    const { catalogue } = stack.supabase;
    const id = articleId(2);
    const path = documentPath('codes', id);
    await stack.sql(
      `insert into files_queue (file_path, bucket_id, status, processed, created_at)
       values ($1, $2, 'processed', true, '2025-01-01')`,
      [path, BUCKET],
    );
    await stack.sql(`update files_queue set processed = true where file_path = $1`, [path]);
    await plantDue(stack, 'codes', [id]);
    const batch = batchOf('codes', 1);
    await catalogue.takeDocuments(batch, 1);
    await putObject(stack, path, 'new');
    // A later update of the row by the Worker does not show which content it read.
    await stack.sql(`update files_queue set processed = true where file_path = $1`, [path]);
    expect(await catalogue.enqueue(batch, [id], [])).toMatchObject({ requeued: 1 });
    expect(await queueRow(stack, path)).toMatchObject({ status: 'pending', content_sha256: hashOf('new') });
  });
});
