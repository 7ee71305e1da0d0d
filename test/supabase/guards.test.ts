import { createClient } from '@supabase/supabase-js';
import { emptyTables } from '../support/queue.ts';
import { withSession } from '../support/sessions.ts';
import { openStack, type TestStack } from '../support/stack.ts';

const ROWS = 200;

let stack: TestStack;

beforeAll(async () => {
  stack = await openStack();
});
beforeEach(async () => {
  await emptyTables(stack);
  await stack.sql(
    `insert into public.files_queue (file_path, bucket_id) select 'file ' || lpad(n::text, 5, '0'), 'b' from generate_series(1, $1) n`,
    [ROWS],
  );
});
afterAll(() => stack.close());

const count = async (): Promise<number> =>
  (await stack.sql<{ rows: number }>('select count(*)::int as rows from public.files_queue'))[0]?.rows ?? -1;

/** Runs statements in one session, in one transaction. */
const inTransaction = (...statements: readonly string[]) =>
  withSession(stack.databaseUrl, async ({ client }) => {
    await client.query('begin');
    for (const statement of statements) await client.query(statement);
    await client.query('commit');
  });

describe('invariant 11, files_queue is emptied only by name', () => {
  it.each([
    ['TRUNCATE', 'truncate public.files_queue'],
    ['TRUNCATE', 'truncate public.files_queue cascade'],
    ['DELETE', 'delete from public.files_queue'],
    ['DELETE', `delete from public.files_queue where bucket_id = 'b'`],
    ['DELETE', `with gone as (delete from public.files_queue returning 1) select count(*) from gone`],
    ['DELETE', `merge into public.files_queue f using (select 1) o on true when matched then delete`],
  ])('refuses a %s that would empty it: %s', async (verb, statement) => {
    await expect(stack.sql(statement)).rejects.toMatchObject({
      code: 'P0001',
      message: expect.stringMatching(
        new RegExp(
          `^${verb} is refused: .*set local legisync\\.allow_emptying = 'files_queue'; .*; commit;$`,
        ),
      ) as string,
      hint: expect.stringMatching(
        /every file of the bucket as pending.*--status processed --before/,
      ) as string,
    });
    expect(await count()).toBe(ROWS);
  });

  it.each([['truncate public.files_queue'], ['delete from public.files_queue']])(
    'permits it to the transaction that says so as the message tells, and to no other: %s',
    async (statement) => {
      const refusal = await stack.sql(statement).catch((error: unknown) => error);
      const [, told = ''] = /If that is meant: (.*)$/.exec((refusal as Error).message) ?? [];
      expect(told).toContain(statement);
      await withSession(stack.databaseUrl, async ({ client }) => {
        await client.query(told);
        expect(await count()).toBe(0);
        await client.query(`insert into public.files_queue (file_path, bucket_id) values ('a', 'b')`);
        await expect(client.query(statement)).rejects.toMatchObject({ code: 'P0001' });
      });
      await expect(
        inTransaction(`set local legisync.allow_emptying = 'another_table'`, statement),
      ).rejects.toMatchObject({ code: 'P0001' });
    },
  );

  it('lets every row but the last be deleted, whatever the order, and has nothing against deleting nothing', async () => {
    for (const order of ['file_path', 'file_path desc', 'md5(file_path)']) {
      const paths = await stack.sql<{ file_path: string }>(
        `select file_path from public.files_queue order by ${order}`,
      );
      await withSession(stack.databaseUrl, async ({ client }) => {
        const remove = (path: string) =>
          client.query('delete from public.files_queue where file_path = $1', [path]);
        await client.query('begin');
        for (const { file_path } of paths.slice(0, -1)) await remove(file_path);
        await client.query('savepoint last');
        await expect(remove(paths.at(-1)?.file_path ?? '')).rejects.toMatchObject({ code: 'P0001' });
        await client.query('rollback to savepoint last');
        await remove('no such file');
        await client.query('rollback');
      });
    }
    await inTransaction(`set local legisync.allow_emptying = 'files_queue'`, 'truncate public.files_queue');
    await stack.sql('delete from public.files_queue');
    expect(await count()).toBe(0);
  });

  it('is not misled by what the session saw before another one changed it', async () => {
    await withSession(stack.databaseUrl, async ({ client }) => {
      await client.query(`delete from public.files_queue where file_path = 'file 00100'`);
      await stack.sql(`delete from public.files_queue where file_path <> 'file 00101'`);
      await expect(
        client.query(`delete from public.files_queue where file_path = 'file 00101'`),
      ).rejects.toMatchObject({ code: 'P0001' });
    });
    expect(await count()).toBe(1);
  });

  it('answers a client of the API with HTTP 400 and the way out', async () => {
    await stack.sql(
      'create function public.start_anew() returns void language sql as $$ delete from public.files_queue $$',
    );
    const client = createClient(stack.gateway.url, stack.gateway.serviceKey, {
      auth: { persistSession: false },
    });
    const { status, error } = await client.rpc('start_anew');
    expect([status, error?.code, error?.message]).toEqual([
      400,
      'P0001',
      expect.stringMatching(/^DELETE is refused: /),
    ]);
    expect(await count()).toBe(ROWS);
  });
});
