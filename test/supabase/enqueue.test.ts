import { documentPath } from '../../src/contract/documents.ts';
import {
  articleId,
  batchOf,
  documentRow,
  emptyTables,
  hashOf,
  plantDue,
  putObject,
  queueRow,
} from '../support/queue.ts';
import { BUCKET, openStack, type TestStack } from '../support/stack.ts';
import { untilBlocked, withSession } from '../support/sessions.ts';

let stack: TestStack;
let sequence = 0;
let number = 0;

beforeAll(async () => {
  stack = await openStack();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

/** A batch that holds `count` new documents. */
async function newBatch(count: number) {
  const ids = Array.from({ length: count }, () => articleId((number += 1)));
  await plantDue(stack, 'codes', ids);
  const batch = batchOf('codes', (sequence += 1));
  expect([...(await stack.supabase.catalogue.takeDocuments(batch, count))].sort()).toEqual(ids);
  return { batch, ids, first: ids[0] ?? '', path: documentPath('codes', ids[0] ?? '') };
}

/** Makes known documents due again and claims them, as a moved change signal does. */
async function again(ids: readonly string[]) {
  await stack.sql(
    `update legisync.documents set next_attempt_at = clock_timestamp() - interval '1 day' where id = any ($1)`,
    [ids],
  );
  const batch = batchOf('codes', (sequence += 1));
  expect(await stack.supabase.catalogue.takeDocuments(batch, ids.length)).toEqual(ids);
  return batch;
}

/** Uploads and enqueues one new document, and lets its Worker finish. */
async function processedDocument(body: string, sha256 = hashOf(body)) {
  const made = await newBatch(1);
  await putObject(stack, made.path, body, sha256);
  await stack.supabase.catalogue.enqueue(made.batch, made.ids, []);
  await stack.sql(
    `update public.files_queue set status = 'processed', processed = true where file_path = $1`,
    [made.path],
  );
  return made;
}

const nothing = { queued: 0, requeued: 0, unchanged: 0, heldByOtherBucket: 0, missing: [] };

describe('invariant 1, object, then row', () => {
  it('returns a path without an object as missing, makes no row, and leaves the document due', async () => {
    const { batch, ids, first, path } = await newBatch(1);
    expect(await stack.supabase.catalogue.enqueue(batch, ids, [])).toEqual({ ...nothing, missing: ids });
    expect(await queueRow(stack, path)).toBeUndefined();
    const row = await documentRow(stack, 'codes', first);
    expect(row).toMatchObject({ state: 'discovered', taken_by: null });
    expect(row?.due_in).toBeLessThanOrEqual(0);
  });

  it('copies size and hash from the object', async () => {
    const { batch, ids, first, path } = await newBatch(1);
    await putObject(stack, path, '{"texte":"é"}');
    expect(await stack.supabase.catalogue.enqueue(batch, ids, [])).toEqual({ ...nothing, queued: 1 });
    expect(await queueRow(stack, path)).toEqual({
      file_path: path,
      bucket_id: BUCKET,
      file_size: '14',
      status: 'pending',
      processed: false,
      content_sha256: hashOf('{"texte":"é"}'),
      requeue: false,
    });
    expect(await documentRow(stack, 'codes', first)).toMatchObject({
      state: 'stored',
      content_sha256: hashOf('{"texte":"é"}'),
      due_in: null,
      taken_by: null,
    });
  });

  it('leaves a row alone that another bucket holds under the same path', async () => {
    const { batch, ids, path } = await newBatch(1);
    await putObject(stack, path, 'ours');
    await stack.sql(`insert into public.files_queue (file_path, bucket_id) values ($1, 'another')`, [path]);
    const before = await queueRow(stack, path);
    expect(await stack.supabase.catalogue.enqueue(batch, ids, [])).toEqual({
      ...nothing,
      heldByOtherBucket: 1,
    });
    expect(await queueRow(stack, path)).toEqual(before);
  });

  it('leaves what a batch did not reach due and free', async () => {
    const { batch, first } = await newBatch(1);
    await stack.supabase.catalogue.enqueue(batch, [], []);
    const row = await documentRow(stack, 'codes', first);
    expect(row).toMatchObject({ state: 'discovered', taken_by: null });
    expect(row?.due_in).toBeLessThanOrEqual(0);
  });
});

describe('invariant 2, upload by the object’s hash, queueing by the row’s hash', () => {
  it('brings a row up to date although the upload was made by a run that died before it enqueued', async () => {
    const { ids, path } = await processedDocument('old');
    await putObject(stack, path, 'new');
    // Killed here. The next attempt finds the object's hash equal, uploads nothing, and enqueues all the same.
    expect(await stack.supabase.catalogue.describe('codes', ids)).toEqual([
      { id: ids[0], object: true, objectSha256: hashOf('new') },
    ]);
    const result = await stack.supabase.catalogue.enqueue(await again(ids), ids, []);
    expect(result).toEqual({ ...nothing, requeued: 1 });
    expect(await queueRow(stack, path)).toMatchObject({
      content_sha256: hashOf('new'),
      file_size: '3',
      status: 'pending',
      processed: false,
    });
  });
});

describe('invariant 3, content decides', () => {
  it('does nothing to a row with the object’s hash', async () => {
    const { ids, path } = await processedDocument('same');
    await putObject(stack, path, 'same');
    expect(await stack.supabase.catalogue.enqueue(await again(ids), ids, [])).toEqual({
      ...nothing,
      unchanged: 1,
    });
    expect(await queueRow(stack, path)).toMatchObject({ status: 'processed', processed: true });
  });

  it('queues a finished row again when the hash is new', async () => {
    const { ids, path } = await processedDocument('before');
    await putObject(stack, path, 'after');
    expect(await stack.supabase.catalogue.enqueue(await again(ids), ids, [])).toMatchObject({ requeued: 1 });
    expect(await queueRow(stack, path)).toMatchObject({
      status: 'pending',
      processed: false,
      requeue: false,
    });
  });

  it.each(['v0', 'v2'])(
    'takes over the hash of another projection version (%s), and does not queue it again',
    async (version) => {
      const { ids, path } = await processedDocument('text');
      await putObject(stack, path, 'text', hashOf('text', version));
      expect(await stack.supabase.catalogue.enqueue(await again(ids), ids, [])).toEqual({
        ...nothing,
        unchanged: 1,
      });
      expect(await queueRow(stack, path)).toMatchObject({
        content_sha256: hashOf('text', version),
        status: 'processed',
        processed: true,
        requeue: false,
      });
    },
  );
});

describe('invariant 6, a document belongs to (category, id)', () => {
  it.each([
    '../../../other',
    'legiarti000000000001',
    'LEGIARTI00000000001',
    'LEGIARTI0000000000012',
    ' LEGIARTI000000000001',
    'LEGIARTI000000000001\n',
    '',
  ])('refuses the id %j: no row in the queue, none in the catalogue', async (id) => {
    const { batch } = await newBatch(1);
    const name = `legifrance/codes/${id}.json`;
    await stack.sql(
      `insert into storage.objects (bucket_id, name, metadata) values ($1, $2, '{"size": 1}')`,
      [BUCKET, name],
    );
    expect(await stack.supabase.catalogue.enqueue(batch, [id], [])).toEqual({ ...nothing, missing: [id] });
    expect(await queueRow(stack, name)).toBeUndefined();
    const listed = [{ id, revision: 'r1' }];
    await expect(
      stack.supabase.catalogue.takeListed(batch, 'search', listed, { page: 1, size: 50 }, 'trust'),
    ).rejects.toMatchObject({ message: expect.stringContaining('documents_id_check') as string });
  });

  it.each(['Codes', '../codes', 'co des', '', '-codes', 'a'.repeat(64)])(
    'refuses the category %j',
    async (category) => {
      const listed = [{ id: articleId(1), revision: 'r1' }];
      await expect(
        stack.supabase.catalogue.takeListed(
          batchOf(category, 1),
          'search',
          listed,
          { page: 1, size: 50 },
          'trust',
        ),
      ).rejects.toMatchObject({ message: expect.stringContaining('documents_category_check') as string });
    },
  );

  it('holds a document twice that two collections found', async () => {
    const { batch, ids, first, path } = await newBatch(1);
    await plantDue(stack, 'urbanisme', ids);
    const other = batchOf('urbanisme', 1);
    await stack.supabase.catalogue.takeDocuments(other, 1);
    await putObject(stack, path, 'text');
    await putObject(stack, documentPath('urbanisme', first), 'text');
    expect(await stack.supabase.catalogue.enqueue(batch, ids, [])).toMatchObject({ queued: 1 });
    expect(await stack.supabase.catalogue.enqueue(other, ids, [])).toMatchObject({ queued: 1 });
  });
});

describe('invariant 7, every write can be repeated, and may come late', () => {
  it('says "unchanged" to the second of two equal calls, and to ids given twice', async () => {
    const { batch, ids, path } = await newBatch(2);
    for (const id of ids) await putObject(stack, documentPath('codes', id), `text of ${id}`);
    expect(await stack.supabase.catalogue.enqueue(batch, [...ids, ...ids], [])).toEqual({
      ...nothing,
      queued: 2,
    });
    const row = await queueRow(stack, path);
    expect(await stack.supabase.catalogue.enqueue(batch, ids, [])).toEqual({ ...nothing, unchanged: 2 });
    expect(await queueRow(stack, path)).toEqual(row);
  });

  it('gives the same end when the answer was lost and the call is repeated', async () => {
    const { batch, ids, path } = await newBatch(1);
    await putObject(stack, path, 'text');
    stack.gateway.control.fault({ kind: 'reset-after', match: 'rpc/enqueue_documents', times: 1 });
    await expect(stack.supabase.catalogue.enqueue(batch, ids, [])).rejects.toMatchObject({
      code: 'DATABASE_BUSY',
    });
    expect(await stack.supabase.catalogue.enqueue(batch, ids, [])).toEqual({ ...nothing, unchanged: 1 });
    expect(await documentRow(stack, 'codes', ids[0] ?? '')).toMatchObject({ state: 'stored', attempts: 0 });
  });

  it('lets a late twin of an older batch repeat only what is true now', async () => {
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
    // The newer batch still holds the document, and nothing of the late failure is noted.
    expect(await documentRow(stack, 'codes', first)).toMatchObject({
      taken_by: newer.owner,
      code: null,
      attempts: 0,
    });
    expect((await documentRow(stack, 'codes', first))?.due_in).toBeLessThan(0);
    expect(await stack.supabase.catalogue.enqueue(newer, ids, [])).toEqual({ ...nothing, unchanged: 1 });
    expect(await documentRow(stack, 'codes', first)).toMatchObject({ due_in: null, taken_by: null });
  });

  it('keeps a document due whose listing moved while a batch held it', async () => {
    const { batch, ids, first, path } = await newBatch(1);
    await stack.sql(
      `select legisync.register($1, 'codes', 'test', 1, jsonb_build_array(jsonb_build_object('id', $2::text, 'revision', 'r2')), 'trust')`,
      [BUCKET, first],
    );
    await putObject(stack, path, 'perhaps of before');
    await stack.supabase.catalogue.enqueue(batch, ids, []);
    const row = await documentRow(stack, 'codes', first);
    expect(row).toMatchObject({ state: 'discovered', taken_by: null });
    expect(row?.due_in).toBeLessThanOrEqual(0);
  });

  it('lets two calls on overlapping documents in opposite orders both come to the end', async () => {
    const one = await newBatch(20);
    for (const id of one.ids) await putObject(stack, documentPath('codes', id), id);
    await withSession(stack.databaseUrl, async ({ client, pid }) => {
      // A third party holds the middle, so that both are in the midst of it before either can end.
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
