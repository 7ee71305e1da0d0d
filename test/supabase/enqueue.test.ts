import { documentPath } from '../../src/contract/documents.ts';
import { collectingOf, NOTHING } from '../support/collecting.ts';
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
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

let stack: SupabaseStack;
const { newBatch, again, processedDocument } = collectingOf(() => stack);

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

describe('invariant 1, object, then row', () => {
  it('returns a path without an object as missing, makes no row, and has the document due in a minute', async () => {
    const { batch, ids, first, path } = await newBatch(1);
    expect(await stack.supabase.catalogue.enqueue(batch, ids, [])).toEqual({ ...NOTHING, missing: ids });
    expect(await queueRow(stack, path)).toBeUndefined();
    const row = await documentRow(stack, 'codes', first);
    expect(row).toMatchObject({ state: 'failed', code: 'OBJECT_MISSING', attempts: 1, holder: null });
    expect(row?.due_in).toBeGreaterThan(50);
    expect(row?.due_in).toBeLessThanOrEqual(60);
  });

  it('waits twice as long each time that the object is gone again, and forgets it when it stays', async () => {
    const { batch, ids, first, path } = await newBatch(1);
    const { catalogue } = stack.supabase;
    const delays: number[] = [];
    let held = batch;
    for (let time = 0; time < 4; time += 1) {
      await catalogue.enqueue(held, ids, []);
      delays.push(Math.round(((await documentRow(stack, 'codes', first))?.due_in ?? 0) / 60));
      held = await again(ids);
    }
    expect(delays).toEqual([1, 2, 4, 8]);
    expect((await catalogue.counts('codes')).failures).toEqual({ OBJECT_MISSING: 1 });
    await putObject(stack, path, 'text');
    expect(await catalogue.enqueue(held, ids, [])).toMatchObject({ queued: 1 });
    expect(await documentRow(stack, 'codes', first)).toMatchObject({
      state: 'stored',
      attempts: 0,
      code: null,
    });
  });

  it('copies size and hash from the object', async () => {
    const { batch, ids, first, path } = await newBatch(1);
    await putObject(stack, path, '{"texte":"é"}');
    expect(await stack.supabase.catalogue.enqueue(batch, ids, [])).toEqual({ ...NOTHING, queued: 1 });
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
      holder: null,
    });
  });

  it('leaves a row alone that another bucket holds under the same path', async () => {
    const { batch, ids, path } = await newBatch(1);
    await putObject(stack, path, 'ours');
    await stack.sql(`insert into public.files_queue (file_path, bucket_id) values ($1, 'another')`, [path]);
    // The other bucket has a file at this path, with another hash.
    await stack.sql(`insert into storage.buckets (id, name) values ('another', 'another')`);
    await stack.sql(
      `insert into storage.objects (bucket_id, name, metadata, user_metadata)
       values ('another', $1, '{"size": 1}', '{"sha256": "v1:theirs"}')`,
      [path],
    );
    const before = await queueRow(stack, path);
    expect(await stack.supabase.catalogue.enqueue(batch, ids, [])).toEqual({
      ...NOTHING,
      heldByOtherBucket: 1,
    });
    expect(await queueRow(stack, path)).toEqual(before);
  });

  it('leaves what a batch did not reach due and free', async () => {
    const { batch, first } = await newBatch(1);
    await stack.supabase.catalogue.enqueue(batch, [], []);
    const row = await documentRow(stack, 'codes', first);
    expect(row).toMatchObject({ state: 'discovered', holder: null });
    expect(row?.due_in).toBeLessThanOrEqual(0);
  });
});

describe('invariant 2, upload by the object’s hash, queueing by the row’s hash', () => {
  it('brings a row up to date although the upload was made by a run that died before it enqueued', async () => {
    const { ids, path } = await processedDocument('old');
    await putObject(stack, path, 'new');
    // The worker is killed here. The next attempt finds the same hash, uploads nothing, and
    // enqueues.
    const batch = await again(ids);
    expect(await stack.supabase.catalogue.describe(batch, ids)).toEqual([
      { id: ids[0], held: true, objectSha256: hashOf('new') },
    ]);
    const result = await stack.supabase.catalogue.enqueue(batch, ids, []);
    expect(result).toEqual({ ...NOTHING, requeued: 1 });
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
      ...NOTHING,
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
        ...NOTHING,
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
    expect(await stack.supabase.catalogue.enqueue(batch, [id], [])).toEqual({ ...NOTHING, missing: [id] });
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
      ).rejects.toMatchObject({
        code: 'INTERNAL',
        message: expect.stringContaining(`(22023): p_category is '${category}': it must be`) as string,
      });
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
