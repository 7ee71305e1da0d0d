import { missingInQueue } from '../../src/coherence/verdict.ts';
import { plantBucket, plantFiles } from '../support/buckets.ts';
import { change, GRACE, MIX, plantMix, plantRows, queueAll, readFull } from '../support/coherence.ts';
import { emptyTables } from '../support/queue.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

const cheap = (bucket: string) =>
  stack.supabase.coherence.measure({ bucket, kind: 'cheap', graceSeconds: GRACE });

/** Exactly the team's own monitoring statement. */
async function theirTable(bucket: string): Promise<unknown> {
  return stack.sql(
    `SELECT 'Storage' as source, COUNT(*)::int as total_files, pg_size_pretty(SUM((metadata->>'size')::BIGINT)) as total_size
     FROM storage.objects WHERE bucket_id = $1
     UNION ALL
     SELECT 'files_queue', COUNT(*)::int, pg_size_pretty(SUM(file_size)) FROM files_queue`,
    [bucket],
  );
}
async function theirMissing(bucket: string): Promise<number | undefined> {
  const rows = await stack.sql<{ n: number }>(
    `SELECT COUNT(*)::int as n FROM storage.objects s LEFT JOIN files_queue fq ON s.name = fq.file_path
     WHERE s.bucket_id = $1 AND fq.file_path IS NULL`,
    [bucket],
  );
  return rows[0]?.n;
}

describe('a full reading', () => {
  it('counts each kind of difference exactly in a mix of all of them', async () => {
    const bucket = await plantMix(stack);
    const reading = await readFull(stack, bucket);
    expect(reading).toMatchObject(MIX);
    const [rows] = await stack.sql<{ ours: number; unsized: number }>(
      `select count(*)::int as ours, count(*) filter (where file_size is null)::int as unsized
         from public.files_queue where bucket_id = $1`,
      [bucket],
    );
    expect(reading.rows).toBe(rows?.ours);
    expect(reading.rowsWithoutSize).toBe(rows?.unsized);
  });

  it('shows the team’s own table and figure, and why theirs differs from ours', async () => {
    const bucket = await plantMix(stack);
    const reading = await readFull(stack, bucket);
    const { storage, queue } = reading;
    expect(await theirTable(bucket)).toEqual([
      { source: 'Storage', total_files: storage.count, total_size: storage.size },
      { source: 'files_queue', total_files: queue.count, total_size: queue.size },
    ]);
    expect(missingInQueue(reading)).toEqual({
      count: await theirMissing(bucket),
      difference: 'with 2 placeholders and 12 files in flight; without 8 files held by another bucket',
    });
  });

  it('adds up by category, and counts files outside our folders separately', async () => {
    const bucket = await plantMix(stack);
    await stack.sql(
      `insert into storage.objects (bucket_id, name, metadata, created_at, updated_at)
       select $1, name, '{"size": 5}', now() - interval '1 day', now() - interval '1 day'
       from unnest(array['readme.txt', 'legifrance/index.html', 'legifrance/../x.json']) name`,
      [bucket],
    );
    const { categories, missing, dangling, stale, storage, rows } = await readFull(stack, bucket);
    expect(categories.map(({ category }) => category).sort()).toEqual(['(other)', 'cat0', 'cat1', 'cat2']);
    expect(categories).toContainEqual({
      category: '(other)',
      objects: 3,
      rows: 0,
      missing: 3,
      inFlight: 0,
      dangling: 0,
      stale: 0,
      sizeMismatches: 0,
    });
    const sum = (of: (category: (typeof categories)[number]) => number): number =>
      categories.reduce((total, category) => total + of(category), 0);
    expect(sum((one) => one.missing)).toBe(missing);
    expect(sum((one) => one.dangling)).toBe(dangling);
    expect(sum((one) => one.stale)).toBe(stale);
    expect(sum((one) => one.objects)).toBe(storage.count);
    expect(sum((one) => one.rows)).toBe(rows);
  });

  it('names the fifty largest categories, and sums up the rest', async () => {
    const bucket = await plantBucket(stack, 0);
    await stack.sql(
      `insert into storage.objects (bucket_id, name, created_at, updated_at)
       select $1, 'legifrance/many' || c || '/' || i || '.json', now() - interval '1 day', now() - interval '1 day'
       from generate_series(1, 60) c, generate_series(1, c) i`,
      [bucket],
    );
    const { categories } = await readFull(stack, bucket);
    expect(categories).toHaveLength(51);
    expect(categories[0]).toMatchObject({ category: 'many60', objects: 60, missing: 60 });
    // The ten smallest, and the three folders of the bucket itself.
    expect(categories[50]).toMatchObject({ category: '(the rest)' });
    expect(categories.reduce((n, { objects }) => n + objects, 0)).toBe((60 * 61) / 2 + 3);
  });

  it('is not misled if missing and dangling cancel each other out in the counts', async () => {
    const bucket = await plantBucket(stack, 500);
    await queueAll(stack, bucket);
    await stack.sql(
      `delete from public.files_queue where file_path in (
         select file_path from public.files_queue order by md5(file_path) limit 43)`,
    );
    // Three placeholders have no row.
    await plantRows(stack, bucket, { n: 46, from: 9_000, age: '1 hour' });
    const reading = await readFull(stack, bucket);
    expect(reading.storage.count).toBe(reading.queue.count);
    expect(reading).toMatchObject({ missing: 43, dangling: 46, stale: 0 });
  });

  it('finds no difference in a queue that a backfill has filled', async () => {
    const bucket = await plantBucket(stack, 500);
    await queueAll(stack, bucket);
    expect(await readFull(stack, bucket)).toMatchObject({
      missing: 0,
      inFlight: 0,
      dangling: 0,
      stale: 0,
      sizeMismatches: 0,
      rows: 500,
      files: 500,
    });
  });

  it('counts an empty queue, an empty bucket, and sizes that are none', async () => {
    const bucket = await plantBucket(stack, 0);
    expect(await readFull(stack, bucket)).toMatchObject({
      files: 0,
      rows: 0,
      queue: { count: 0, size: '0 bytes' },
    });
    await plantFiles(stack, bucket, 10);
    await stack.sql(
      `update storage.objects set metadata = '{"size": "much"}' where bucket_id = $1 and name like '%1.json'`,
      [bucket],
    );
    const full = await readFull(stack, bucket);
    // The row that was updated just now is in flight.
    expect(full).toMatchObject({ files: 10, missing: 9, inFlight: 1, oldestPending: null });
    expect((await cheap(bucket)).storage).toEqual(full.storage);
  });
});

describe('a reading', () => {
  it('that is cheap has the same counts and sizes, and the oldest pending row', async () => {
    const bucket = await plantMix(stack);
    await change(stack, bucket, { set: `created_at = '2026-01-02T03:04:05Z'`, from: 2_000, n: 1 });
    const [full, counted] = [await readFull(stack, bucket), await cheap(bucket)];
    const { storage, queue, oldestPending } = full;
    expect(counted).toMatchObject({ kind: 'cheap', bucket, storage, queue, oldestPending });
    expect(oldestPending).toBe('2026-01-02T03:04:05+00:00');
  });

  it('is kept, for ninety days and no more than 5,000 of them', async () => {
    const bucket = await plantBucket(stack, 3);
    await stack.sql(
      `insert into legisync.coherence_checks (bucket_id, kind, reading, at)
       select $1, 'cheap', '{}', now() - interval '1 day' * d from generate_series(89, 91) d`,
      [bucket],
    );
    await readFull(stack, bucket);
    const kept = () =>
      stack.sql<{ n: number; old: number }>(
        `select count(*)::int as n, count(*) filter (where reading = '{}')::int as old from legisync.coherence_checks`,
      );
    expect(await kept()).toMatchObject([{ old: 1 }]);
    const last = await stack.sql<{ reading: unknown }>(
      'select reading from legisync.coherence_checks order by id desc limit 1',
    );
    expect(last[0]?.reading).toMatchObject({ bucket, kind: 'full', missing: 3, graceSeconds: GRACE });
    await stack.sql(
      `insert into legisync.coherence_checks (bucket_id, kind, reading) select $1, 'cheap', '{}' from generate_series(1, 5100)`,
      [bucket],
    );
    await cheap(bucket);
    expect(await kept()).toMatchObject([{ n: 5_000 }]);
  });
});

describe('examples', () => {
  it('are the first by path, as many as were asked for, and none that is in flight', async () => {
    const bucket = await plantMix(stack);
    const { coherence } = stack.supabase;
    const ask = { bucket, graceSeconds: GRACE };
    const missing = await coherence.missing({ ...ask, limit: 1_000 });
    expect(missing).toHaveLength(MIX.missing);
    expect(missing.map(({ path }) => path)).toEqual(missing.map(({ path }) => path).sort());
    expect(await coherence.missing({ ...ask, limit: 3 })).toEqual(missing.slice(0, 3));
    expect(missing[0]).toMatchObject({ path: 'legifrance/cat0/LEGIARTI000000000000.json', size: 1_000 });
    const dangling = await coherence.dangling({ ...ask, limit: 1_000 });
    expect(dangling).toHaveLength(MIX.dangling);
    expect(dangling.filter(({ markedAt }) => markedAt !== null)).toHaveLength(MIX.danglingMarked);
    const stale = await coherence.stale({ ...ask, limit: 1_000 });
    expect(stale).toHaveLength(MIX.stale);
    expect(await coherence.stale({ ...ask, limit: 2 })).toEqual(stale.slice(0, 2));
    await expect(coherence.missing({ ...ask, limit: 1_001 })).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringMatching(/from 1 to 1000/) as string,
    });
  });
});

describe('the rate of insertion', () => {
  it('is that of the team’s own statement: by minute, the newest first, with the buckets', async () => {
    const { coherence } = stack.supabase;
    expect(await coherence.rate()).toEqual([]);
    await plantRows(stack, 'one', { n: 3, from: 1, age: '3 minutes' });
    await plantRows(stack, 'two', { n: 4, from: 10, age: '3 minutes' });
    await plantRows(stack, 'two', { n: 2, from: 20, age: '7 minutes' });
    await plantRows(stack, 'two', { n: 9, from: 30, age: '11 minutes' });
    const rate = await coherence.rate();
    const theirs = await stack.sql<{ n: number; buckets: string }>(
      `SELECT date_trunc('minute', created_at) as minute, COUNT(*)::int as n, STRING_AGG(DISTINCT bucket_id, ', ') as buckets
       FROM files_queue WHERE created_at > NOW() - INTERVAL '10 minutes'
       GROUP BY date_trunc('minute', created_at) ORDER BY minute DESC`,
    );
    expect(rate.map(({ filesInserted, buckets }) => ({ n: filesInserted, buckets }))).toEqual(
      theirs.map(({ n, buckets }) => ({ n, buckets })),
    );
    expect(rate.map(({ filesInserted }) => filesInserted).reduce((a, b) => a + b)).toBe(9);
  });
});
