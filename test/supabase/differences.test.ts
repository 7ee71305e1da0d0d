import { plantBucket } from '../support/buckets.ts';
import { change, GRACE, MIX, plantMix, plantRows, queueAll, readFull } from '../support/coherence.ts';
import { emptyTables } from '../support/queue.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

const KINDS = ['missing', 'dangling', 'stale'] as const;
type Kind = (typeof KINDS)[number];

/** Files of the default bucket that have no row. */
const EXTRA = 5;

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
  // The mix gives the default bucket rows without files. This adds files without rows.
  await stack.sql(
    `insert into storage.objects (bucket_id, name, metadata, created_at, updated_at)
     select $1, 'extra/' || n || '.json', jsonb_build_object('size', n), now() - interval '2 days', now() - interval '2 days'
     from generate_series(1, $2) n`,
    [BUCKET, EXTRA],
  );
});
beforeEach(() => emptyTables(stack));
afterEach(() => stack.sql(`update legisync.settings set grace = default`));
afterAll(() => stack.close());

/** The rows of a view for a bucket, in the order of the paths. */
const shown = (kind: Kind, bucket: string) =>
  stack.sql<{ file_path: string; file_size: string | null }>(
    `select * from legisync.${kind} where bucket_id = $1 order by file_path`,
    [bucket],
  );
const paths = async (kind: Kind, bucket: string): Promise<string[]> =>
  (await shown(kind, bucket)).map(({ file_path }) => file_path);

/** The same rows, from the function that the command line calls. */
async function listed(kind: Kind, bucket: string): Promise<string[]> {
  const found = await stack.supabase.coherence[kind]({ bucket, graceSeconds: GRACE, limit: 1_000 });
  return found.map(({ path }) => path);
}

describe('the views legisync.missing, legisync.dangling and legisync.stale', () => {
  it.each([0, GRACE, 86_400])(
    'show what the function lists and what a full reading counts, in every bucket, at a grace time of %i s',
    async (seconds) => {
      const bucket = await plantMix(stack);
      await stack.sql(`update legisync.settings set grace = make_interval(secs => $1)`, [seconds]);
      for (const asked of [bucket, BUCKET]) {
        const { coherence } = stack.supabase;
        const reading = await coherence.measure({ bucket: asked, kind: 'full', graceSeconds: seconds });
        for (const kind of KINDS) {
          const list = await coherence[kind]({ bucket: asked, graceSeconds: seconds, limit: 1_000 });
          const rows = await shown(kind, asked);
          expect([kind, rows.map((row) => row.file_path)]).toEqual([kind, list.map(({ path }) => path)]);
          expect(rows.map((row) => row.file_size && Number(row.file_size))).toEqual(
            list.map(({ size }) => size),
          );
          expect(reading).toMatchObject({ [kind]: rows.length });
        }
      }
    },
  );

  it('show exactly what a mix of all differences was planted with', async () => {
    const bucket = await plantMix(stack);
    for (const kind of KINDS) {
      expect([kind, (await paths(kind, bucket)).length]).toEqual([kind, MIX[kind]]);
    }
    // Rows of the default bucket for files that are in another bucket or in none.
    expect(await paths('dangling', BUCKET)).toHaveLength(MIX.rowsOfOtherBuckets);
    expect(await readFull(stack, bucket)).toMatchObject({ missing: MIX.missing, stale: MIX.stale });
  });

  it('show all buckets at once', async () => {
    const one = await plantBucket(stack, 9);
    await queueAll(stack, one);
    await change(stack, one, {
      set: `content_sha256 = 'v1:other'`,
      from: 0,
      n: 2,
      where: 'content_sha256 is not null',
    });
    await plantRows(stack, 'a bucket that is gone', { n: 3, from: 7_000, age: '1 hour' });
    await stack.sql(
      `insert into storage.objects (bucket_id, name, created_at, updated_at)
       select b, b || '/new.json', now() - interval '1 day', now() - interval '1 day' from unnest($1::text[]) b`,
      [[one, BUCKET]],
    );
    const counts = async (kind: Kind) =>
      stack.sql<{ bucket_id: string; n: number }>(
        `select bucket_id, count(*)::int as n from legisync.${kind}
         where bucket_id = any ($1) group by 1 order by bucket_id = $2 desc, 1`,
        [[one, BUCKET, 'a bucket that is gone'], one],
      );
    expect(await counts('missing')).toEqual([
      { bucket_id: one, n: 1 },
      { bucket_id: BUCKET, n: EXTRA + 1 },
    ]);
    expect(await counts('dangling')).toEqual([{ bucket_id: 'a bucket that is gone', n: 3 }]);
    expect(await counts('stale')).toEqual([{ bucket_id: one, n: 2 }]);
  });

  it('show sizes, times, and since when a row is marked', async () => {
    const bucket = await plantMix(stack);
    const [missing] = await shown('missing', bucket);
    expect(missing).toEqual({
      bucket_id: bucket,
      file_path: 'legifrance/cat0/LEGIARTI000000000000.json',
      file_size: '1000',
      object_at: expect.any(Date) as Date,
    });
    const dangling = await shown('dangling', bucket);
    expect(dangling[0]).toMatchObject({ status: 'pending', row_at: expect.any(Date) as Date });
    expect(dangling.filter((row) => (row as { dangling_since?: Date }).dangling_since != null)).toHaveLength(
      MIX.danglingMarked,
    );
    expect((await shown('stale', bucket))[0]).toMatchObject({
      status: 'pending',
      object_at: expect.any(Date) as Date,
      row_at: expect.any(Date) as Date,
    });
  });

  it.each([
    ['file_path', 'varchar(300)', 'text'],
    ['bucket_id', 'varchar(100)', 'text'],
    ['file_size', 'numeric', 'bigint'],
    ['status', 'varchar(20)', 'text'],
    ['created_at', 'timestamp', 'timestamptz'],
  ])('do not keep a team from changing the type of %s to %s', async (column, type, before) => {
    const bucket = await plantBucket(stack, 30);
    await queueAll(stack, bucket);
    await plantRows(stack, bucket, { n: 3, from: 7_000, age: '1 hour' });
    const alter = (to: string) =>
      stack.sql(`alter table public.files_queue alter column ${column} type ${to}`);
    await alter(type);
    try {
      expect(await paths('dangling', bucket)).toHaveLength(3);
      for (const kind of KINDS) expect(await paths(kind, bucket)).toEqual(await listed(kind, bucket));
    } finally {
      await alter(before);
    }
  });
});

describe('legisync_list_differences', () => {
  it.each(KINDS)('gives the first %s by path, however few are asked for', async (kind) => {
    const bucket = await plantMix(stack);
    const all = await listed(kind, bucket);
    expect(all).toEqual([...all].sort());
    for (const limit of [1, 2, all.length - 1, all.length, all.length + 1]) {
      const some = await stack.supabase.coherence[kind]({ bucket, graceSeconds: GRACE, limit });
      expect(some.map(({ path }) => path)).toEqual(all.slice(0, limit));
    }
  });

  it('gives an empty list if nothing differs', async () => {
    const bucket = await plantBucket(stack, 10);
    await queueAll(stack, bucket);
    for (const kind of KINDS) expect([kind, await listed(kind, bucket)]).toEqual([kind, []]);
  });
});
