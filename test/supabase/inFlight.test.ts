import { documentPath } from '../../src/contract/documents.ts';
import { GRACE, readFull } from '../support/coherence.ts';
import { articleId, batchOf, emptyTables, plantDue, putObject } from '../support/queue.ts';
import { withSession } from '../support/sessions.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

const ID = articleId(1);
const PATH = documentPath('codes', ID);

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(async () => {
  await emptyTables(stack);
  await withSession(stack.databaseUrl, ({ client }) =>
    client.query(`begin; set local storage.allow_delete_query = 'true'; delete from storage.objects; commit`),
  );
  await stack.sql('update legisync.settings set grace = make_interval(secs => $1)', [GRACE]);
});
afterAll(() => stack.close());

const take = async () => {
  await plantDue(stack, 'codes', [ID]);
  expect(await stack.supabase.catalogue.takeDocuments(batchOf('codes', 1), 1)).toEqual([ID]);
};

/** Uploads the file, and lets each part of legisync say whether it is missing. */
async function missing(path = PATH): Promise<boolean[]> {
  await putObject(stack, path, 'text');
  const { missing: counted, inFlight } = await readFull(stack, BUCKET);
  expect(counted + inFlight).toBe(1);
  const listed = await stack.supabase.coherence.missing({ bucket: BUCKET, graceSeconds: GRACE, limit: 10 });
  const viewed = await stack.sql('select file_path from legisync.missing');
  return [counted === 1, listed.length === 1, viewed.length === 1];
}

/** What the last phase of a backfill counts, if another session deletes the row of the file. */
async function verified(): Promise<{ missing: number; in_flight: number } | undefined> {
  const [run] = await stack.sql<{ missing: number; in_flight: number }>(
    `select (legisync.backfill_verify(r, 10)).missing::int, (legisync.backfill_verify(r, 10)).in_flight::int
     from (select (jsonb_populate_record(null::legisync.backfill_runs,
       jsonb_build_object('bucket_id', $1::text, 'prefix', '', 'position', '', 'grace', '900 s'))).*) r`,
    [BUCKET],
  );
  return run;
}

describe('a young file without a row', () => {
  it('is in flight while a batch holds its document', async () => {
    await take();
    expect(await missing()).toEqual([false, false, false]);
    expect(await verified()).toEqual({ missing: 0, in_flight: 1 });
  });

  it('is missing at once if the catalogue knows its document and no batch holds it', async () => {
    await plantDue(stack, 'codes', [ID]);
    expect(await missing()).toEqual([true, true, true]);
    expect(await verified()).toEqual({ missing: 1, in_flight: 0 });
  });

  it('is missing at once if the lease of its batch has ended', async () => {
    await take();
    await stack.sql(`update legisync.documents set held_until = now() - interval '1 s'`);
    expect(await missing()).toEqual([true, true, true]);
  });

  it.each([
    'legifrance/codes/LEGIARTI000000000099.json',
    'legifrance/codes/x.json',
    'of-another-program.json',
  ])('is in flight if the catalogue does not know it: %s', async (path) => {
    await plantDue(stack, 'codes', [ID]);
    expect(await missing(path)).toEqual([false, false, false]);
  });
});

describe('rows with the requeue mark', () => {
  it('are counted by status, with the time since when the first waits', async () => {
    for (const [n, status] of ['processing', 'skipped', 'skipped'].entries()) {
      const path = documentPath('codes', articleId(n + 1));
      await putObject(stack, path, 'text');
      await stack.sql(
        `insert into public.files_queue (file_path, bucket_id, status, requeue, content_at)
         values ($1, $2, $3, true, '2026-11-20T10:00:00Z'::timestamptz + make_interval(days => $4))`,
        [path, BUCKET, status, n],
      );
    }
    const { requeued } = await readFull(stack, BUCKET);
    expect(requeued).toMatchObject({ count: 3, statuses: { processing: 1, skipped: 2 } });
    expect(Date.parse(requeued.since ?? '')).toBe(Date.parse('2026-11-20T10:00:00Z'));
  });
});
