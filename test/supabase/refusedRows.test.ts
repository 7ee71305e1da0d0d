import { migrate } from '../../src/migrations/migrate.ts';
import { collectingOf } from '../support/collecting.ts';
import { emptyTables, putObject } from '../support/queue.ts';
import { STATUS_VALUES } from '../support/servers.ts';
import { asPostgres } from '../support/sessions.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

let stack: SupabaseStack;
const { newBatch } = collectingOf(() => stack);

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

describe('a queue that refuses the row', () => {
  it.each([
    ['a CHECK', 'add constraint odd check (bucket_id <> $bucket) not valid', 'drop constraint odd', 'odd'],
    ['a column without a default', 'add column odd integer not null', 'drop column odd', 'odd'],
    [
      'a column of another name',
      'rename column file_size to size',
      'rename column size to file_size',
      'file_size',
    ],
    [
      'a column of another type',
      'alter file_size type boolean using null',
      'alter file_size type bigint using null',
      'file_size',
    ],
  ])(
    'by %s is a fault of the table, and what was collected is queued once it is fixed',
    async (_what, change, fix, named) => {
      const { batch, ids, path } = await newBatch(1);
      await putObject(stack, path, 'text');
      await stack.sql(`alter table public.files_queue ${change.replace('$bucket', `'${BUCKET}'`)}`);
      try {
        await expect(stack.supabase.catalogue.enqueue(batch, ids, [])).rejects.toMatchObject({
          code: 'QUEUE_INCOMPATIBLE',
          message: expect.stringContaining(named) as string,
        });
      } finally {
        await stack.sql(`alter table public.files_queue ${fix}`);
      }
      expect(await stack.supabase.catalogue.enqueue(batch, ids, [])).toMatchObject({ queued: 1 });
    },
  );

  it('by an enum without "pending" is a fault of the table', async () => {
    const bare = await openSupabase({ bare: true });
    try {
      await bare.sql(`create type odd_status as enum ('new', 'done')`);
      await bare.sql(
        `create table public.files_queue (file_path text primary key, bucket_id text, file_size bigint,
           status odd_status default 'new', processed boolean default false, created_at timestamptz default now())`,
      );
      await bare.sql('alter table public.files_queue owner to postgres');
      // Before anything is changed, so no batch fails.
      await expect(migrate(asPostgres(bare.databaseUrl), STATUS_VALUES)).rejects.toMatchObject({
        code: 'QUEUE_INCOMPATIBLE',
      });
    } finally {
      await bare.close();
    }
  });
});
