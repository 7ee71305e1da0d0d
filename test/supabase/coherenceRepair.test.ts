import type { DanglingRepair, RepairChunk, StaleRepair } from '../../src/contract/coherence.ts';
import { plantBucket } from '../support/buckets.ts';
import { change, GRACE, MIX, plantMix, plantRows, queueAll, readFull } from '../support/coherence.ts';
import { batchOf, checksum, emptyTables, plantDue } from '../support/queue.ts';
import { untilBlocked, withSession } from '../support/sessions.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

/** Runs all chunks of a repair, and returns their sums. */
async function carryOut<R extends DanglingRepair | StaleRepair>(
  chunk: (input: RepairChunk) => Promise<R>,
  bucket: string,
  more: Partial<RepairChunk> = {},
): Promise<{ chunks: number; totals: Record<string, number> }> {
  const totals: Record<string, number> = {};
  let chunks = 0;
  for (let after: string | null = ''; after !== null; chunks += 1) {
    const answer: R = await chunk({ bucket, graceSeconds: GRACE, size: 700, dryRun: false, ...more, after });
    for (const [name, n] of Object.entries(answer)) {
      if (typeof n === 'number') totals[name] = (totals[name] ?? 0) + n;
    }
    after = answer.next;
  }
  return { chunks, totals };
}
const dangling = (bucket: string, more: Partial<RepairChunk> = {}) =>
  carryOut((input) => stack.supabase.coherence.repairDangling(input), bucket, more);
const stale = (bucket: string, more: Partial<RepairChunk> = {}) =>
  carryOut((input) => stack.supabase.coherence.repairStale(input), bucket, more);

/** The columns `select` of the bucket's rows that satisfy `where`. */
const rowsOf = (select: string, where: string, bucket: string) =>
  stack.sql<Record<string, unknown>>(
    `select ${select} from public.files_queue f where bucket_id = $1 and ${where} order by file_path`,
    [bucket],
  );
const GONE = `substring(file_path from '[0-9]{12}')::int between 7100 and 7142`;

describe('repair dangling', () => {
  it('marks rows without a file, removes the mark if the file is back, and changes nothing else', async () => {
    const bucket = await plantMix(stack);
    const others = `not (${GONE}) and substring(file_path from '[0-9]{12}') not in ('000000001000', '000000001001')`;
    const untouched = () => rowsOf('f.*', others, bucket);
    const before = await untouched();
    const { chunks, totals } = await dangling(bucket);
    expect(chunks).toBeGreaterThan(5);
    expect(totals).toMatchObject({ marked: MIX.dangling - MIX.danglingMarked, takenBack: MIX.markedButBack });
    // The rows that were marked before were pending: they are hidden from the Workers, too.
    expect(totals['hidden']).toBe(MIX.dangling);
    expect(await readFull(stack, bucket)).toMatchObject({
      dangling: MIX.dangling,
      danglingMarked: MIX.dangling,
      rowsInFlight: MIX.rowsInFlight,
      markedButBack: 0,
      rowsOfOtherBuckets: MIX.rowsOfOtherBuckets,
    });
    expect(await untouched()).toEqual(before);
  });

  it('gives pending rows a status that no Worker takes, and leaves the others their own', async () => {
    const bucket = await plantBucket(stack, 0);
    await plantRows(stack, bucket, { n: 3, from: 7_100, age: '1 hour' });
    await stack.sql(
      `update public.files_queue set status = 'processed', processed = true where file_path like '%7102.json'`,
    );
    expect((await dangling(bucket)).totals).toMatchObject({ marked: 3, hidden: 2 });
    expect(await rowsOf('status, processed, dangling_since is not null as marked', GONE, bucket)).toEqual([
      { status: 'dangling', processed: false, marked: true },
      { status: 'processed', processed: true, marked: true },
      { status: 'dangling', processed: false, marked: true },
    ]);
  });

  it('sets only its own column if the table does not accept the status value', async () => {
    const bucket = await plantBucket(stack, 0);
    await stack.sql(
      `alter table public.files_queue add constraint words check (status in ('pending', 'processed'))`,
    );
    await stack.sql('select legisync.resolve_status_values()');
    try {
      await plantRows(stack, bucket, { n: 3, from: 7_100, age: '1 hour' });
      expect((await dangling(bucket)).totals).toMatchObject({ marked: 3, hidden: 0 });
      expect(await rowsOf('status', 'dangling_since is not null', bucket)).toEqual([
        { status: 'pending' },
        { status: 'pending' },
        { status: 'pending' },
      ]);
    } finally {
      await stack.sql('alter table public.files_queue drop constraint words');
      await stack.sql('select legisync.resolve_status_values()');
    }
  });

  it('can be repeated, and a dry run changes nothing', async () => {
    const bucket = await plantMix(stack);
    const before = await checksum(stack, 'public.files_queue');
    const planned = await dangling(bucket, { dryRun: true });
    expect(await checksum(stack, 'public.files_queue')).toBe(before);
    expect((await dangling(bucket)).totals).toEqual(planned.totals);
    const after = await checksum(stack, 'public.files_queue');
    expect((await dangling(bucket)).totals).toMatchObject({ marked: 0, hidden: 0, takenBack: 0 });
    expect(await checksum(stack, 'public.files_queue')).toBe(after);
  });

  it('loses its mark when the file is collected again: the row is pending, with the new content', async () => {
    const bucket = await plantBucket(stack, 0);
    await plantRows(stack, bucket, { n: 2, from: 7_100, age: '1 hour' });
    await dangling(bucket);
    await stack.sql(
      `insert into storage.objects (bucket_id, name, metadata, user_metadata)
       select bucket_id, file_path, '{"size": 7}', '{"sha256": "v1:new"}' from public.files_queue where bucket_id = $1`,
      [bucket],
    );
    expect((await dangling(bucket)).totals).toMatchObject({ marked: 0, takenBack: 2 });
    expect(await rowsOf('status, dangling_since', GONE, bucket)).toEqual([
      { status: 'pending', dangling_since: null },
      { status: 'pending', dangling_since: null },
    ]);
  });
});

describe('repair stale', () => {
  it('takes over the object’s hash and size, and queues finished rows again', async () => {
    const bucket = await plantMix(stack);
    await stack.sql(
      `update public.files_queue set status = 'processed', processed = true, backfilled = true
       where bucket_id = $1 and content_sha256 = 'v1:other' and not requeue`,
      [bucket],
    );
    const staled = await rowsOf('file_path', 'backfilled', bucket);
    const { totals } = await stale(bucket);
    expect(totals).toMatchObject({ pendingAgain: 9, requeued: 4, resized: MIX.sizeMismatches });
    expect(await readFull(stack, bucket)).toMatchObject({
      stale: 0,
      sizeMismatches: 0,
      missing: MIX.missing,
    });
    const repaired = await rowsOf(
      'status, processed, requeue, backfilled',
      `content_sha256 <> 'v1:other' and file_path in (${staled.map((row) => `'${String(row['file_path'])}'`).join()})`,
      bucket,
    );
    expect(repaired).toHaveLength(9);
    expect(new Set(repaired.map((row) => JSON.stringify(row)))).toEqual(
      new Set([JSON.stringify({ status: 'pending', processed: false, requeue: false, backfilled: false })]),
    );
  });

  it('marks a row that a Worker holds, which is pending when the Worker finishes', async () => {
    const bucket = await plantBucket(stack, 9);
    await queueAll(stack, bucket);
    const where = 'content_sha256 is not null';
    await change(stack, bucket, {
      set: `content_sha256 = 'v1:other', status = 'processing'`,
      from: 0,
      n: 1,
      where,
    });
    expect((await stale(bucket)).totals).toMatchObject({ pendingAgain: 0, requeued: 1 });
    expect(await rowsOf('status, requeue', 'requeue', bucket)).toEqual([
      { status: 'processing', requeue: true },
    ]);
    await stack.sql(
      `update public.files_queue set status = 'processed', processed = true where status = 'processing'`,
    );
    expect(await rowsOf('status, requeue', `status = 'processed' or requeue`, bucket)).toEqual([]);
  });

  it('can be repeated, and a dry run changes nothing', async () => {
    const bucket = await plantMix(stack);
    const before = await checksum(stack, 'public.files_queue');
    const planned = await stale(bucket, { dryRun: true });
    expect(await checksum(stack, 'public.files_queue')).toBe(before);
    expect((await stale(bucket)).totals).toEqual(planned.totals);
    const after = await checksum(stack, 'public.files_queue');
    expect((await stale(bucket)).totals).toMatchObject({ pendingAgain: 0, requeued: 0, resized: 0 });
    expect(await checksum(stack, 'public.files_queue')).toBe(after);
  });

  it('ends although repairs and batches work on the same rows', async () => {
    const bucket = await plantBucket(stack, 300);
    await queueAll(stack, bucket);
    const where = 'content_sha256 is not null';
    await change(stack, bucket, { set: `content_sha256 = 'v1:other'`, from: 0, n: 100, where });
    const ids = await stack.sql<{ id: string }>(
      `select substring(name from 'LEGIARTI[0-9]{12}') as id from storage.objects
       where bucket_id = $1 and name like 'legifrance/cat1/%.json' order by name desc`,
      [bucket],
    );
    await plantDue(
      stack,
      'cat1',
      ids.map(({ id }) => id),
    );
    const batch = batchOf('cat1', 1);
    const enqueue = () =>
      stack.sql(`select public.legisync_enqueue_documents($1, 'cat1', $2, $3, '[]')`, [
        bucket,
        JSON.stringify(batch),
        ids.map(({ id }) => id),
      ]);
    const ends = await Promise.all([
      stale(bucket, { size: 50 }),
      enqueue(),
      stale(bucket),
      dangling(bucket),
      enqueue(),
    ]);
    expect(ends).toHaveLength(5);
    expect(await readFull(stack, bucket)).toMatchObject({ stale: 0, missing: 0, dangling: 0 });
  });
});

describe('a repair that waits for a row', () => {
  /**
   * Begins `repair` while another session has locked every row. That session runs `meanwhile` and
   * ends. Returns the totals.
   */
  async function beside(
    repair: () => Promise<{ totals: Record<string, number> }>,
    meanwhile: string,
  ): Promise<Record<string, number>> {
    return withSession(stack.databaseUrl, async ({ client, pid }) => {
      await client.query('begin');
      await client.query('select from public.files_queue for update');
      const repaired = repair();
      await untilBlocked(stack, pid);
      await client.query(meanwhile);
      await client.query('commit');
      return (await repaired).totals;
    });
  }

  it('does not mark it if its file is back by the time of the update', async () => {
    const bucket = await plantBucket(stack, 0);
    await plantRows(stack, bucket, { n: 2, from: 7_100, age: '1 hour' });
    const totals = await beside(
      () => dangling(bucket),
      `insert into storage.objects (bucket_id, name) select bucket_id, file_path from public.files_queue limit 1`,
    );
    expect(totals).toMatchObject({ marked: 1, hidden: 1 });
    expect(await readFull(stack, bucket)).toMatchObject({ dangling: 1, danglingMarked: 1, markedButBack: 0 });
  });

  it('does not queue it again when it has been brought up to date meanwhile', async () => {
    const bucket = await plantBucket(stack, 9);
    await queueAll(stack, bucket);
    const where = 'content_sha256 is not null';
    await change(stack, bucket, {
      set: `content_sha256 = 'v1:other', status = 'processed'`,
      from: 0,
      n: 2,
      where,
    });
    const totals = await beside(
      () => stale(bucket),
      `update public.files_queue f set content_sha256 = o.user_metadata ->> 'sha256'
       from storage.objects o where o.name = f.file_path and f.file_path = (
         select min(file_path) from public.files_queue where content_sha256 = 'v1:other')`,
    );
    expect(totals).toMatchObject({ pendingAgain: 1 });
    expect(await rowsOf('status', `status = 'processed'`, bucket)).toHaveLength(1);
  });
});
