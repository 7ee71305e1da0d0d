import type { BatchRef } from '../../src/contract/collecting.ts';
import { documentPath } from '../../src/contract/documents.ts';
import { NOTHING } from '../support/collecting.ts';
import { HOUR, idRange } from '../support/enumeration.ts';
import {
  articleId,
  batchOf,
  checksum,
  documentRow,
  emptyTables,
  hashOf,
  plantDue,
  putObject,
  queueRow,
} from '../support/queue.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

const [ID = '', OTHER_ID = ''] = idRange(2);
const PATH = documentPath('codes', ID);

/** The same batch of the run before a reset, and of the run after it. */
const BEFORE = batchOf('codes', 7);
const AFTER = batchOf('codes', 7, { run: 'run-2' });
const ELSEWHERE = batchOf('codes', 7, { workflow: 'maintenance:codes', run: 'run-3' });

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

const take = (batch: BatchRef, limit = 100) => stack.supabase.catalogue.takeDocuments(batch, limit);
const enqueue = (batch: BatchRef, ids: readonly string[], code?: string) =>
  code === undefined
    ? stack.supabase.catalogue.enqueue(batch, ids, [])
    : stack.supabase.catalogue.enqueue(
        batch,
        [],
        ids.map((id) => ({ id, code, message: 'why' })),
      );
const held = async (batch: BatchRef): Promise<readonly boolean[]> =>
  (await stack.supabase.catalogue.describe(batch, [ID, OTHER_ID])).map((standing) => standing.held);

describe('the documents of a run that was reset', () => {
  beforeEach(async () => {
    await plantDue(stack, 'codes', [ID, OTHER_ID]);
    expect(await take(BEFORE)).toEqual([ID, OTHER_ID]);
    expect(await held(BEFORE)).toEqual([true, true]);
  });

  it('are free at once for the new run, in any of its batches', async () => {
    expect(await take(AFTER, 1)).toEqual([ID]);
    expect(await take({ ...AFTER, sequence: 8 })).toEqual([OTHER_ID]);
  });

  it('are not free for another batch of the same run, nor for another workflow, until the lease ends', async () => {
    expect(await take({ ...BEFORE, sequence: 8 })).toEqual([]);
    expect(await take(ELSEWHERE)).toEqual([]);
    await stack.sql(`update legisync.documents set held_until = clock_timestamp() - interval '1 second'`);
    expect(await take(ELSEWHERE)).toEqual([ID, OTHER_ID]);
  });

  it('are no longer held by the batch that was fetched before the reset, which learns it before it uploads them', async () => {
    await take(AFTER, 1);
    expect(await held(BEFORE)).toEqual([false, true]);
    expect(await held(AFTER)).toEqual([true, false]);
  });

  it('are lost to the old batch when it enqueues: rows are written, and the catalogue is left alone', async () => {
    await take(AFTER);
    await putObject(stack, PATH, 'text');
    const before = await checksum(stack, 'legisync.documents');
    expect(await enqueue(BEFORE, [ID])).toEqual({ ...NOTHING, queued: 1, lost: [ID] });
    expect(await queueRow(stack, PATH)).toMatchObject({ status: 'pending', content_sha256: hashOf('text') });
    expect(await checksum(stack, 'legisync.documents')).toBe(before);

    // The new run still holds them, and ends its batch as usual.
    expect(await held(AFTER)).toEqual([true, true]);
    expect(await enqueue(AFTER, [ID])).toEqual({ ...NOTHING, unchanged: 1 });
    expect(await documentRow(stack, 'codes', ID)).toMatchObject({ state: 'stored', holder: null });
  });

  it('are lost to the old batch also if it reports failures, which are not recorded', async () => {
    await take(AFTER);
    const before = await checksum(stack, 'legisync.documents');
    for (const code of ['DOCUMENT_NOT_FOUND', 'DOCUMENT_REFUSED']) {
      expect(await enqueue(BEFORE, [ID, OTHER_ID], code)).toEqual({ ...NOTHING, lost: [ID, OTHER_ID] });
    }
    expect(await checksum(stack, 'legisync.documents')).toBe(before);
  });

  it('are lost also if the new run has given them back, as long as they are to be collected', async () => {
    await take(AFTER);
    await enqueue(AFTER, []);
    await putObject(stack, PATH, 'text');
    expect(await enqueue(BEFORE, [ID])).toMatchObject({ lost: [ID] });
    expect(await take(AFTER)).toEqual([ID, OTHER_ID]);
  });

  it('are not lost if the new run has stored them: nothing is left to do', async () => {
    await take(AFTER);
    await putObject(stack, PATH, 'text');
    await enqueue(AFTER, [ID]);
    expect(await enqueue(BEFORE, [ID])).toEqual({ ...NOTHING, unchanged: 1 });
  });
});

describe('an enqueue that is repeated', () => {
  beforeEach(async () => {
    await plantDue(stack, 'codes', [ID, OTHER_ID]);
    await take(BEFORE);
  });

  it('loses nothing that its first call has stored', async () => {
    await putObject(stack, PATH, 'text');
    expect(await enqueue(BEFORE, [ID])).toEqual({ ...NOTHING, queued: 1 });
    expect(await enqueue(BEFORE, [ID])).toEqual({ ...NOTHING, unchanged: 1 });
  });

  it.each([
    ['DOCUMENT_NOT_FOUND', 'unavailable'],
    ['DOCUMENT_MALFORMED', 'failed'],
    ['LEGIFRANCE_UNAVAILABLE', 'failed'],
  ])(
    'loses nothing whose failure (%s) its first call has recorded, and records it once',
    async (code, state) => {
      expect(await enqueue(BEFORE, [ID], code)).toEqual(NOTHING);
      expect(await enqueue(BEFORE, [ID], code)).toEqual(NOTHING);
      expect(await documentRow(stack, 'codes', ID)).toMatchObject({ state, code, attempts: 1 });
    },
  );

  it('loses nothing whose object was missing, nor an id that the catalogue does not know', async () => {
    const ids = [OTHER_ID, articleId(99)];
    expect(await enqueue(BEFORE, ids)).toEqual({ ...NOTHING, missing: ids });
    expect(await enqueue(BEFORE, ids)).toEqual({ ...NOTHING, missing: ids });
  });
});

describe('the slice of a run that was reset', () => {
  const lease = (batch: BatchRef) => stack.supabase.catalogue.leaseSlice(batch, 1, 60);
  beforeEach(() => stack.supabase.catalogue.openPass('codes', ['codes'], HOUR));

  it('is free at once for the new run, which continues at its page', async () => {
    const { catalogue } = stack.supabase;
    const slice = await lease(BEFORE);
    if (slice === null) throw new Error('no slice');
    const page = { page: 1, action: 'continue', documents: [{ id: ID, revision: 'r1' }] } as const;
    expect(await catalogue.registerSlice(BEFORE, slice, page, 60, 'trust')).toMatchObject({
      outcome: 'open',
    });
    expect(await lease(ELSEWHERE)).toBeNull();
    expect(await lease({ ...BEFORE, sequence: 8 })).toBeNull();
    expect(await lease(AFTER)).toEqual({ ...slice, page: 2 });
  });

  it('is lost to the old batch, whatever it does with it', async () => {
    const { catalogue } = stack.supabase;
    const slice = await lease(BEFORE);
    if (slice === null) throw new Error('no slice');
    await lease(AFTER);
    const before = await checksum(stack, 'legisync.slices');
    const failure = { code: 'LATE', message: 'x' };
    for (const action of ['continue', 'release', 'round', 'whole'] as const) {
      const page = { page: 1, action, documents: [{ id: ID, revision: 'r1' }] };
      expect(await catalogue.registerSlice(BEFORE, slice, page, 60, 'trust')).toEqual({
        outcome: 'lost',
        discovered: 0,
      });
    }
    await catalogue.splitSlice(BEFORE, slice, [{ kind: 'code', code: 'A' }]);
    await catalogue.releaseSlice(BEFORE, slice);
    await catalogue.failSlice(BEFORE, slice, failure, 60);
    await catalogue.parkSlice(BEFORE, slice, failure);
    expect(await checksum(stack, 'legisync.slices')).toBe(before);
    expect(await documentRow(stack, 'codes', ID)).toBeUndefined();
  });
});
