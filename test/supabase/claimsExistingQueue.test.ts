import { migrate } from '../../src/migrations/migrate.ts';
import { plantRows, workerApi } from '../support/claims.ts';
import { STATUS_VALUES } from '../support/servers.ts';
import { asPostgres, withSession } from '../support/sessions.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

const TABLE = `file_path text not null unique, bucket_id text not null, file_size bigint,
  processed boolean default false, created_at timestamptz default now()`;

let stack: SupabaseStack;

beforeEach(async () => {
  stack = await openSupabase({ bare: true });
});
afterEach(() => stack.close());

async function existing(ddl: string): Promise<void> {
  await withSession(asPostgres(stack.databaseUrl), ({ client }) => client.query(ddl));
  await migrate(asPostgres(stack.databaseUrl), { ...STATUS_VALUES, claimAttempts: 1 });
  await plantRows(stack, ['a', 'b', 'c']);
}

describe('claims on an existing files_queue', () => {
  it.each([
    [
      'an enum for the status',
      `create type queue_status as enum ('pending', 'in_progress', 'done', 'error');
       create table files_queue (${TABLE}, status queue_status not null default 'pending')`,
    ],
    [
      'a CHECK on the status and an id of another type',
      `create table files_queue (id uuid default gen_random_uuid(), ${TABLE}, status varchar(20) default 'pending'
         check (status in ('pending', 'in_progress', 'done', 'error')))`,
    ],
  ])('with %s use the values that it accepts', async (_what, ddl) => {
    await existing(ddl);
    const api = workerApi(stack);
    const { token } = await api.claim();
    expect(await stack.sql('select distinct status from files_queue')).toMatchObject([
      { status: 'in_progress' },
    ]);
    expect(await api.complete(token, ['a'])).toMatchObject({ completed: 1 });
    expect(await api.fail(token, ['b'])).toMatchObject({ failed: ['b'] });
    expect(await api.release(token, ['c'])).toMatchObject({ released: 1 });
    const rows = await stack.sql('select file_path, status from files_queue order by 1');
    expect(rows.map((row) => ({ ...row }))).toEqual([
      { file_path: 'a', status: 'done' },
      { file_path: 'b', status: 'error' },
      { file_path: 'c', status: 'pending' },
    ]);
  });

  it('that has no value for "in progress" are refused, with the way to fix it', async () => {
    await existing(
      `create table files_queue (${TABLE}, status text default 'pending' check (status in ('pending', 'done', 'error')))`,
    );
    const api = workerApi(stack);
    await expect(api.claim()).rejects.toMatchObject({
      code: 'P0001',
      message: expect.stringContaining(
        'Set LEGISYNC_STATUS_IN_PROGRESS to a value that it accepts',
      ) as string,
    });
    await stack.sql(`alter table files_queue drop constraint files_queue_status_check`);
    await migrate(asPostgres(stack.databaseUrl), STATUS_VALUES);
    expect(await api.claim()).toMatchObject({ files: [{}, {}, {}] });
  });
});
