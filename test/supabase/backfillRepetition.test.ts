import type { BackfillRun, BackfillStart } from '../../src/contract/backfill.ts';
import { at, carryOut, countsOf, PLAIN, plantBucket } from '../support/buckets.ts';
import { emptyTables } from '../support/queue.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';
import { untilBlocked, withSession } from '../support/sessions.ts';

let stack: SupabaseStack;
let bucket: string;

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(async () => {
  await emptyTables(stack);
  bucket = await plantBucket(stack, 400);
});
afterAll(() => stack.close());

function open(start: BackfillStart = 'new', owner = 'owner-1'): Promise<BackfillRun> {
  return stack.supabase.backfill.open({ bucket, owner, start, options: PLAIN });
}

describe('a chunk of a backfill', () => {
  it('is done once: a repeated call finds the run at a later position and changes nothing', async () => {
    const run = await open();
    const call = { ...at(run), size: 100 };
    const first = await stack.supabase.backfill.chunk(call);
    expect(first).toMatchObject({ outcome: 'done', scanned: 100, run: { chunks: 1 } });
    expect(await stack.supabase.backfill.chunk(call)).toEqual({ outcome: 'already_done', run: first.run });
    expect(await countsOf(stack, bucket)).toMatchObject({ rows: first.run.queued });
  });

  it('is done once when its answer was lost and the call is repeated', async () => {
    const run = await open();
    const call = { ...at(run), size: 100 };
    stack.gateway.control.fault({ kind: 'reset-after', match: 'rpc/legisync_backfill_chunk', times: 1 });
    await expect(stack.supabase.backfill.chunk(call)).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    expect(await stack.supabase.backfill.chunk(call)).toMatchObject({
      outcome: 'already_done',
      run: { chunks: 1 },
    });
  });

  it('is not run by a late duplicate: the second call must be retried, and then finds it done', async () => {
    const run = await open();
    const call = { ...at(run), size: 100 };
    await withSession(stack.databaseUrl, async ({ client }) => {
      await client.query('begin');
      await client.query('select public.legisync_backfill_chunk($1, $2, $3, $4)', [
        call.run,
        call.phase,
        call.position,
        call.size,
      ]);
      await expect(stack.supabase.backfill.chunk(call)).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
      await client.query('commit');
    });
    expect(await stack.supabase.backfill.chunk(call)).toMatchObject({
      outcome: 'already_done',
      run: { chunks: 1 },
    });
  });

  it('leaves nothing when it is rolled back: rows, figures and position are one transaction', async () => {
    const run = await open();
    await withSession(stack.databaseUrl, async ({ client }) => {
      await client.query('begin');
      await client.query('select public.legisync_backfill_chunk($1, $2, $3, 100)', [
        run.id,
        run.phase,
        run.position,
      ]);
      await client.query('rollback');
    });
    expect(await countsOf(stack, bucket)).toMatchObject({ rows: 0 });
    expect(await stack.sql('select from legisync.backfill_chunks where run = $1', [run.id])).toEqual([]);
    expect(await stack.supabase.backfill.last(bucket)).toEqual(run);
  });

  it('keeps its figures beside its position, and they add up', async () => {
    const { run } = await carryOut(stack, await open(), 90);
    expect(
      await stack.sql(
        `select sum(changed)::int as changed, count(*)::int as chunks, max(number) as last,
                sum(scanned) filter (where number <= 5)::int as scanned
           from legisync.backfill_chunks where run = $1`,
        [run.id],
      ),
    ).toEqual([{ changed: 400, chunks: run.chunks, last: run.chunks, scanned: 403 }]);
  });

  it('lets the collection queue its batch beside it: one waits for the other’s row, and it is queued once', async () => {
    const run = await open();
    const [object] = await stack.sql<{ name: string }>(
      `select name from storage.objects where bucket_id = $1 and name like '%.json' order by name offset 5 limit 1`,
      [bucket],
    );
    const path = object?.name ?? '';
    await withSession(stack.databaseUrl, async ({ client, pid }) => {
      await client.query('begin');
      await client.query(
        `insert into public.files_queue (file_path, bucket_id, status) values ($1, $2, 'processed')`,
        [path, bucket],
      );
      const chunk = stack.supabase.backfill.chunk({ ...at(run), size: 1_000 });
      await untilBlocked(stack, pid);
      await client.query('commit');
      expect(await chunk).toMatchObject({ outcome: 'done', changed: 399 });
    });
    expect(await stack.sql('select status from public.files_queue where file_path = $1', [path])).toEqual([
      { status: 'processed' },
    ]);
  });
});

describe('one run a bucket', () => {
  it('is given again to the workflow that began it, whatever it asks for', async () => {
    const run = await open();
    await stack.supabase.backfill.chunk({ ...at(run), size: 100 });
    for (const start of ['new', 'resume'] as const) {
      expect(await open(start)).toMatchObject({ id: run.id, chunks: 1 });
    }
  });

  it('refuses another run beside an unfinished one, and names both options', async () => {
    const run = await open();
    const refusal = open('new', 'owner-2');
    await expect(refusal).rejects.toMatchObject({ code: 'BACKFILL_REFUSED' });
    await expect(refusal).rejects.toThrow(
      new RegExp(`Run ${run.id} of ${bucket}.*unfinished.*--resume.*--restart`),
    );
  });

  it('resumes at its position, for another workflow, with --resume', async () => {
    const run = await open();
    const { run: half } = await stack.supabase.backfill.chunk({ ...at(run), size: 100 });
    const resumed = await open('resume', 'owner-2');
    expect(resumed).toEqual(half);
    const { run: end } = await carryOut(stack, resumed, 100);
    expect(end).toMatchObject({ queued: 400, scanned: 403, missing: 0 });
  });

  it('begins from scratch with --restart; calls of the abandoned run change nothing', async () => {
    const run = await open();
    const restarted = await open('restart', 'owner-2');
    expect(restarted.id).not.toBe(run.id);
    const late = stack.supabase.backfill.chunk({ ...at(run), size: 100 });
    await expect(late).rejects.toMatchObject({ code: 'BACKFILL_REFUSED' });
    expect(await countsOf(stack, bucket)).toMatchObject({ rows: 0 });
  });

  it('refuses to resume if no run is unfinished', async () => {
    await expect(open('resume')).rejects.toMatchObject({
      code: 'BACKFILL_REFUSED',
      message: expect.stringMatching(/no unfinished run.*omit --resume/) as string,
    });
    await carryOut(stack, await open(), 1_000);
    await expect(open('resume', 'owner-2')).rejects.toMatchObject({ code: 'BACKFILL_REFUSED' });
  });

  it('takes all files at once up to 100,000, and refuses more', async () => {
    const options = { ...PLAIN, allAtOnce: true };
    const openAll = (owner: string) => stack.supabase.backfill.open({ bucket, owner, start: 'new', options });
    const run = await openAll('owner-1');
    expect(await stack.supabase.backfill.chunk({ ...at(run), size: 100_000 })).toMatchObject({
      changed: 400,
      run: { phase: 'catch_up', position: '' },
    });
    await carryOut(stack, await open('restart', 'owner-2'), 100_000);
    await stack.sql(
      `insert into storage.objects (bucket_id, name) select $1, 'x/' || i from generate_series(1, 100000 - 402) i`,
      [bucket],
    );
    await expect(openAll('owner-3')).rejects.toMatchObject({
      code: 'BACKFILL_REFUSED',
      message: expect.stringMatching(/more than 100000.*--all-at-once/) as string,
    });
  });
});
