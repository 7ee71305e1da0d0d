import { carryOut, countsOf, plantBucket, runOpener, plantFiles } from '../support/buckets.ts';
import { emptyTables } from '../support/queue.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';
import { withSession } from '../support/sessions.ts';

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

const open = runOpener(() => stack);

describe('a backfill', () => {
  it('queues every file once, with the object’s size and hash, and neither folders nor placeholders', async () => {
    const bucket = await plantBucket(stack, 1_000);
    const { run } = await carryOut(stack, await open(bucket), 130);
    expect(run).toMatchObject({
      state: 'completed',
      scanned: 1_003,
      queued: 1_000,
      caughtUp: 0,
      missing: 0,
      inFlight: 0,
      skipped: 3,
    });
    expect(await countsOf(stack, bucket)).toEqual({ rows: 1_000, paths: 1_000, missing: 0 });
    const differing = await stack.sql(
      `select from public.files_queue f join storage.objects o on o.bucket_id = f.bucket_id and o.name = f.file_path
        where f.bucket_id = $1
          and (f.file_size is distinct from (o.metadata ->> 'size')::bigint
               or f.content_sha256 is distinct from o.user_metadata ->> 'sha256'
               or f.status <> 'pending' or f.processed or f.requeue or not f.backfilled)`,
      [bucket],
    );
    expect(differing).toEqual([]);
  });

  it('changes nothing when it runs again, and leaves rows alone that are there', async () => {
    const bucket = await plantBucket(stack, 300);
    await carryOut(stack, await open(bucket), 100);
    await stack.sql(
      `update public.files_queue set status = 'processed', processed = true where bucket_id = $1 and file_size % 2 = 0`,
      [bucket],
    );
    const before = await stack.sql('select xmin, ctid, * from public.files_queue where bucket_id = $1', [
      bucket,
    ]);
    const { run } = await carryOut(stack, await open(bucket, {}, 'new', 'owner-2'), 100);
    expect(run).toMatchObject({ queued: 0, missing: 0 });
    expect(
      await stack.sql('select xmin, ctid, * from public.files_queue where bucket_id = $1', [bucket]),
    ).toEqual(before);
  });

  it('catches up by asking, not by trying: a row that is there uses up no identity value', async () => {
    const numbers = async (): Promise<number> => {
      const rows = await stack.sql<{ last: number }>(
        `select last_value::int as last from pg_sequences where sequencename = 'files_queue_id_seq'`,
      );
      return rows[0]?.last ?? 0;
    };
    const bucket = await plantBucket(stack, 300);
    const before = await numbers();
    // The last chunk of the first pass is partial, and all of it was missing.
    await carryOut(stack, await open(bucket), 200);
    expect((await numbers()) - before).toBe(300);
  });

  it('queues what is missing between existing rows, few or many', async () => {
    const bucket = await plantBucket(stack, 600);
    await carryOut(stack, await open(bucket), 600);
    for (const gone of ['file_size % 100 = 3', 'file_size % 10 <> 3']) {
      await stack.sql(`delete from public.files_queue where bucket_id = $1 and ${gone}`, [bucket]);
      const { run } = await carryOut(stack, await open(bucket, {}, 'new', gone), 100);
      expect(run.queued).toBeGreaterThan(0);
      expect(await countsOf(stack, bucket)).toEqual({ rows: 600, paths: 600, missing: 0 });
    }
  });

  it('catches up with files that arrive before its position', async () => {
    const bucket = await plantBucket(stack, 300);
    let planted = false;
    const { run } = await carryOut(stack, await open(bucket), 100, async ({ phase, position }) => {
      if (planted || phase !== 'queue' || !position.startsWith('legifrance/cat2')) return;
      planted = true;
      // Of all three categories: some before its position, some after it.
      await plantFiles(stack, bucket, 30, 1_000);
    });
    expect(planted).toBe(true);
    expect(run.caughtUp).toBeGreaterThan(0);
    expect(run).toMatchObject({ queued: 330, missing: 0 });
    expect(await countsOf(stack, bucket)).toEqual({ rows: 330, paths: 330, missing: 0 });
  });

  it('counts again at its end what is missing, in flight, and held by another bucket', async () => {
    const bucket = await plantBucket(stack, 300);
    await stack.sql(
      `insert into public.files_queue (file_path, bucket_id) select name, 'another' from storage.objects
        where bucket_id = $1 and name like '%00000000002%.json'`,
      [bucket],
    );
    const held = (await stack.sql(`select from public.files_queue where bucket_id = 'another'`)).length;
    let sabotaged = false;
    const { run } = await carryOut(stack, await open(bucket), 1_000, async ({ phase }) => {
      if (sabotaged || phase !== 'verify') return;
      sabotaged = true;
      await stack.sql(
        `delete from public.files_queue where bucket_id = $1 and file_size in (1111, 1112, 1113)`,
        [bucket],
      );
      await stack.sql(
        `insert into storage.objects (bucket_id, name) values ($1, 'legifrance/cat0/LEGIARTI000000999999.json')`,
        [bucket],
      );
    });
    expect(run).toMatchObject({ missing: 3, inFlight: 1, heldByOtherBucket: held });
    expect(held).toBeGreaterThan(5);
  });

  it('writes rows as processed if the options say so, and only for files older than a given time', async () => {
    const bucket = await plantBucket(stack, 90);
    const yesterday = new Date(Date.now() - 12 * 3_600_000).toISOString();
    await stack.sql(
      `update storage.objects set metadata = metadata where bucket_id = $1 and name like '%/cat1/%'`,
      [bucket],
    );
    await carryOut(stack, await open(bucket, { finished: true, before: yesterday }), 50);
    expect(
      await stack.sql(
        `select split_part(file_path, '/', 2) as category, status, processed, count(*)::int as rows
           from public.files_queue where bucket_id = $1 group by 1, 2, 3 order by 1`,
        [bucket],
      ),
    ).toEqual([
      { category: 'cat0', status: 'processed', processed: true, rows: 30 },
      { category: 'cat1', status: 'pending', processed: false, rows: 30 },
      { category: 'cat2', status: 'processed', processed: true, rows: 30 },
    ]);
  });

  it('keeps to a prefix', async () => {
    const bucket = await plantBucket(stack, 90);
    const { run } = await carryOut(stack, await open(bucket, { prefix: 'legifrance/cat1/' }), 20);
    expect(run).toMatchObject({ queued: 30, missing: 0, skipped: 1 });
    expect(await countsOf(stack, bucket)).toMatchObject({ rows: 30, missing: 60 });
  });

  it('fills sizes of rows that have none, and of those only', async () => {
    const bucket = await plantBucket(stack, 200);
    await carryOut(stack, await open(bucket), 200);
    await stack.sql(
      `update public.files_queue set file_size = null where bucket_id = $1 and file_size % 2 = 0`,
      [bucket],
    );
    await stack.sql(`update public.files_queue set file_size = 1 where bucket_id = $1 and file_size = 1001`, [
      bucket,
    ]);
    const { run } = await carryOut(stack, await open(bucket, { kind: 'sizes' }, 'new', 'owner-2'), 30);
    expect(run.sized).toBeGreaterThan(90);
    // Four objects have no metadata. One row has another size than its object: coherence reports
    // that.
    expect(
      await stack.sql(
        `select count(*) filter (where file_size is null)::int as unsized, count(*) filter (where file_size = 1)::int as wrong
           from public.files_queue where bucket_id = $1`,
        [bucket],
      ),
    ).toEqual([{ unsized: 4, wrong: 1 }]);
  });

  it('takes objects whose size is no number', async () => {
    const bucket = await plantBucket(stack, 3);
    await stack.sql(
      `update storage.objects set metadata = case name when 'legifrance/cat0/LEGIARTI000000000000.json' then '{"size": "12"}'
         when 'legifrance/cat1/LEGIARTI000000000001.json' then '{"size": "many"}' else '{"size": 1e30}' end::jsonb
        where bucket_id = $1 and name like '%.json'`,
      [bucket],
    );
    await carryOut(stack, await open(bucket), 10);
    expect(
      await stack.sql('select file_size from public.files_queue where bucket_id = $1 order by file_path', [
        bucket,
      ]),
    ).toEqual([{ file_size: '12' }, { file_size: null }, { file_size: null }]);
  });

  it('reports its plan before it starts', async () => {
    const bucket = await plantBucket(stack, 100);
    await carryOut(stack, await open(bucket), 100);
    await stack.sql(`delete from public.files_queue where bucket_id = $1 and file_size in (1001, 1002)`, [
      bucket,
    ]);
    await stack.sql(
      `update public.files_queue set bucket_id = 'another' where bucket_id = $1 and file_size = 1003`,
      [bucket],
    );
    expect(await stack.supabase.backfill.plan(bucket, '')).toEqual({
      objects: 103,
      files: 100,
      missing: 2,
      missingBytes: 2_003,
      heldByOtherBucket: 1,
      rows: 98,
      withoutSize: 2,
    });
    expect(await stack.supabase.backfill.countObjects(bucket)).toBe(103);
  });

  it('is right beside a queue whose paths have another collation', async () => {
    const bucket = await plantBucket(stack, 500);
    await stack.sql(
      `update storage.objects set name = 'legifrance/Cat-É'::text || name where bucket_id = $1 and name like '%5.json'`,
      [bucket],
    );
    await withSession(stack.databaseUrl, async ({ client }) => {
      await client.query('begin');
      await client.query('alter table public.files_queue alter column file_path type text collate "C"');
      await client.query('commit');
    });
    try {
      const { run } = await carryOut(stack, await open(bucket), 70);
      expect(run).toMatchObject({ queued: 500, missing: 0 });
      const again = await carryOut(stack, await open(bucket, {}, 'new', 'owner-2'), 70);
      expect(again.run).toMatchObject({ queued: 0, missing: 0 });
    } finally {
      await stack.sql('alter table public.files_queue alter column file_path type text');
    }
  });

  it('is as quick if the statistics still describe empty tables, as after a TRUNCATE and a restore', async () => {
    for (const table of ['storage.objects', 'public.files_queue']) {
      await stack.sql(`alter table ${table} set (autovacuum_enabled = false)`);
      await stack.sql(`analyze ${table}`);
    }
    const bucket = await plantBucket(stack, 30_000);
    // Comparing each file with each row takes longer than the function's timeout of 30 s.
    await carryOut(stack, await open(bucket), 30_003);
    const { run } = await carryOut(stack, await open(bucket, {}, 'new', 'owner-2'), 30_003);
    expect(run).toMatchObject({ scanned: 30_003, queued: 0, missing: 0 });
  });
});
