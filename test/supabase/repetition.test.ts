import { documentPath } from '../../src/contract/documents.ts';
import { collectingOf, NOTHING } from '../support/collecting.ts';
import { documentRow, emptyTables, hashOf, holderOf, putObject, queueRow } from '../support/queue.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';
import { untilBlocked, withSession } from '../support/sessions.ts';

let stack: SupabaseStack;
const { newBatch, again, processedDocument } = collectingOf(() => stack);

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

describe('invariant 7, every write can be repeated, and may come late', () => {
  it('reports "unchanged" for the second of two equal calls, and for ids given twice', async () => {
    const { batch, ids, path } = await newBatch(2);
    for (const id of ids) await putObject(stack, documentPath('codes', id), `text of ${id}`);
    expect(await stack.supabase.catalogue.enqueue(batch, [...ids, ...ids], [])).toEqual({
      ...NOTHING,
      queued: 2,
    });
    const row = await queueRow(stack, path);
    expect(await stack.supabase.catalogue.enqueue(batch, ids, [])).toEqual({ ...NOTHING, unchanged: 2 });
    expect(await queueRow(stack, path)).toEqual(row);
  });

  it('gives the same end when the answer was lost and the call is repeated', async () => {
    const { batch, ids, path } = await newBatch(1);
    await putObject(stack, path, 'text');
    stack.gateway.control.fault({ kind: 'reset-after', match: 'rpc/legisync_enqueue_documents', times: 1 });
    await expect(stack.supabase.catalogue.enqueue(batch, ids, [])).rejects.toMatchObject({
      code: 'DATABASE_BUSY',
    });
    expect(await stack.supabase.catalogue.enqueue(batch, ids, [])).toEqual({ ...NOTHING, unchanged: 1 });
    expect(await documentRow(stack, 'codes', ids[0] ?? '')).toMatchObject({ state: 'stored', attempts: 0 });
  });

  it('lets a late duplicate of an older batch repeat only what is true now', async () => {
    const { batch, ids, first, path } = await processedDocument('first');
    await putObject(stack, path, 'second');
    const newer = await again(ids);
    await stack.supabase.catalogue.enqueue(batch, ids, [
      { id: first, code: 'DOCUMENT_NOT_FOUND', message: 'late' },
    ]);
    expect(await queueRow(stack, path)).toMatchObject({
      content_sha256: hashOf('second'),
      status: 'pending',
    });
    // The newer batch still holds the document, and the late failure is not recorded.
    expect(await documentRow(stack, 'codes', first)).toMatchObject({
      holder: holderOf(newer),
      code: null,
      attempts: 0,
    });
    expect((await documentRow(stack, 'codes', first))?.due_in).toBeLessThan(0);
    expect(await stack.supabase.catalogue.enqueue(newer, ids, [])).toEqual({ ...NOTHING, unchanged: 1 });
    expect(await documentRow(stack, 'codes', first)).toMatchObject({ due_in: null, holder: null });
  });

  it('keeps a document due whose listing moved while a batch held it', async () => {
    const { batch, ids, first, path } = await newBatch(1);
    await stack.sql(
      `select legisync.register_documents($1, 'codes', 'test', '', 1, jsonb_build_array(jsonb_build_object('id', $2::text, 'revision', 'r2')), 'trust')`,
      [BUCKET, first],
    );
    await putObject(stack, path, 'perhaps the old text');
    await stack.supabase.catalogue.enqueue(batch, ids, []);
    const row = await documentRow(stack, 'codes', first);
    expect(row).toMatchObject({ state: 'discovered', holder: null });
    expect(row?.due_in).toBeLessThanOrEqual(0);
  });

  it('lets two calls on overlapping documents in opposite orders both end', async () => {
    const one = await newBatch(20);
    for (const id of one.ids) await putObject(stack, documentPath('codes', id), id);
    await withSession(stack.databaseUrl, async ({ client, pid }) => {
      // A third session has locked the middle, so both calls have begun before either can end.
      await client.query('begin');
      await client.query('insert into public.files_queue (file_path, bucket_id) values ($1, $2)', [
        documentPath('codes', one.ids[10] ?? ''),
        BUCKET,
      ]);
      const calls = [one.ids.slice(0, 15), one.ids.slice(5).toReversed()].map((ids) =>
        stack.supabase.catalogue.enqueue(one.batch, ids, []),
      );
      await untilBlocked(stack, pid);
      await client.query('rollback');
      const results = await Promise.all(calls);
      expect(results.map((result) => result.queued).reduce((a, b) => a + b)).toBe(20);
    });
    const rows = await stack.sql<{ rows: number }>(
      `select count(*)::int as rows from public.files_queue q join storage.objects o on o.name = q.file_path
        where q.file_path = any ($1) and q.content_sha256 = o.user_metadata ->> 'sha256'`,
      [one.ids.map((id) => documentPath('codes', id))],
    );
    expect(rows[0]?.rows).toBe(20);
  });
});
