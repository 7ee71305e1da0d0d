import { createClient } from '@supabase/supabase-js';
import { workerApi } from '../support/claims.ts';
import { emptyTables } from '../support/queue.ts';
import { untilBlocked, withSession } from '../support/sessions.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

const ROWS = 200;

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => plant(ROWS));
afterAll(() => stack.close());

/** Replaces all rows by `count` rows: "file 00001" and so on. */
async function plant(rows: number): Promise<void> {
  await emptyTables(stack);
  await stack.sql(
    `insert into public.files_queue (file_path, bucket_id) select 'file ' || lpad(n::text, 5, '0'), 'b' from generate_series(1, $1) n`,
    [rows],
  );
}

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
    'permits it to a transaction with the setting that the message names, and to no other: %s',
    async (statement) => {
      const refusal = await stack.sql(statement).catch((error: unknown) => error);
      const [, told = ''] = /If this is intended: (.*)$/.exec((refusal as Error).message) ?? [];
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

describe('a DELETE of a large share of files_queue', () => {
  const SHARED = 3_000;
  const first = (rows: number): string =>
    `delete from public.files_queue where file_path <= 'file ${String(rows).padStart(5, '0')}'`;
  const permit = (percent: number) =>
    stack.sql('update legisync.settings set max_delete_percent = $1', [percent]);

  beforeEach(() => plant(SHARED));
  afterEach(() => permit(50));

  it('is refused above half of the table, with both numbers, the setting and the way out', async () => {
    await expect(stack.sql(first(1_600))).rejects.toMatchObject({
      code: 'P0001',
      message: expect.stringMatching(
        /^DELETE is refused: it deletes 1600 of 3000 rows .*50 % .*LEGISYNC_MAX_DELETE_PERCENT.*set local legisync\.allow_emptying = 'files_queue'/,
      ) as string,
    });
    expect(await count()).toBe(SHARED);
  });

  it('passes up to half of the table, and is refused with one row more', async () => {
    await expect(stack.sql(first(1_501))).rejects.toMatchObject({ code: 'P0001' });
    await stack.sql(first(1_500));
    expect(await count()).toBe(SHARED - 1_500);
    await plant(SHARED);
    await stack.sql(first(1_400));
    expect(await count()).toBe(SHARED - 1_400);
  });

  it('is not checked up to 1,000 rows, at any share', async () => {
    await plant(1_001);
    await stack.sql(first(1_000));
    expect(await count()).toBe(1);
    await plant(1_002);
    await expect(stack.sql(first(1_001))).rejects.toMatchObject({ code: 'P0001' });
    expect(await count()).toBe(1_002);
  });

  it('goes by the share that the settings name; 100 % switches this off, but emptying stays refused', async () => {
    await permit(34);
    await expect(stack.sql(first(1_021))).rejects.toMatchObject({ code: 'P0001' });
    await stack.sql(first(1_020));
    await plant(SHARED);
    await permit(100);
    await expect(stack.sql(first(SHARED))).rejects.toMatchObject({
      code: 'P0001',
      message: expect.stringMatching(/^DELETE is refused: it leaves public\.files_queue empty/) as string,
    });
    await stack.sql(first(SHARED - 1));
    expect(await count()).toBe(1);
  });

  it('passes in the transaction that names the table, and in no other of that session', async () => {
    await withSession(stack.databaseUrl, async ({ client }) => {
      await client.query('begin');
      await client.query(`set local legisync.allow_emptying = 'files_queue'`);
      await client.query(first(1_600));
      await client.query('commit');
      expect(await count()).toBe(SHARED - 1_600);
      await plant(SHARED);
      await expect(client.query(first(1_600))).rejects.toMatchObject({ code: 'P0001' });
    });
  });

  it('is refused on a live queue too: a row that is inserted while it runs does not let it pass', async () => {
    await withSession(stack.databaseUrl, async ({ client, pid }) => {
      await client.query('begin');
      await client.query(`select from public.files_queue where file_path = 'file 02000' for update`);
      const emptied = withSession(stack.databaseUrl, (other) =>
        other.client.query('delete from public.files_queue'),
      );
      const refused = expect(emptied).rejects.toMatchObject({
        code: 'P0001',
        message: expect.stringContaining('it deletes 3000 of 3001 rows') as string,
      });
      await untilBlocked(stack, pid);
      await client.query(`insert into public.files_queue (file_path, bucket_id) values ('new', 'b')`);
      await client.query('commit');
      await refused;
    });
    expect(await count()).toBe(SHARED + 1);
  });
});

describe('a row that is deleted', () => {
  it.each([
    ['a DELETE', `delete from public.files_queue where file_path = 'file 00001'`, ['file 00002']],
    [
      'a DELETE of a transaction that names the table',
      `begin; set local legisync.allow_emptying = 'files_queue'; delete from public.files_queue; commit`,
      [],
    ],
    [
      'a TRUNCATE',
      `begin; set local legisync.allow_emptying = 'files_queue'; truncate public.files_queue; commit`,
      [],
    ],
  ])(
    'by %s loses its claim: the Worker cannot complete a row that is queued again',
    async (_by, remove, left) => {
      await stack.sql('truncate legisync.claims');
      const api = workerApi(stack);
      const { token } = await api.claim(2);
      await stack.sql(remove);
      const claims = await stack.sql<{ file_path: string }>('select file_path from legisync.claims');
      expect(claims.map(({ file_path }) => file_path)).toEqual(left);
      await stack.sql(
        `insert into public.files_queue (file_path, bucket_id, status) values ('file 00001', 'b', 'processing')`,
      );
      expect(await api.complete(token, ['file 00001'])).toMatchObject({
        completed: 0,
        refused: ['file 00001'],
      });
    },
  );
});
