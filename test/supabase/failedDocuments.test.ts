import type { BatchRef } from '../../src/contract/collecting.ts';
import { documentPath } from '../../src/contract/documents.ts';
import { HOUR } from '../support/enumeration.ts';
import { articleId, batchOf, documentRow, emptyTables, plantDue, putObject } from '../support/queue.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

const ID = articleId(1);

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

const take = (batch: BatchRef, limit = 100) => stack.supabase.catalogue.takeDocuments(batch, limit);

describe('invariant 10, no document is dropped in silence', () => {
  /** Runs one batch in which the document fails with `code`. */
  async function fail(code: string, message = 'why'): Promise<void> {
    await stack.sql(`update legisync.documents set next_attempt_at = clock_timestamp() - interval '1 s'`);
    const batch = batchOf('codes', (sequence += 1));
    expect(await take(batch)).toEqual([ID]);
    await stack.supabase.catalogue.enqueue(batch, [], [{ id: ID, code, message }]);
  }
  /** Runs one batch in which it is collected. */
  async function store(): Promise<void> {
    await stack.sql('update legisync.documents set next_attempt_at = clock_timestamp()');
    const batch = batchOf('codes', (sequence += 1));
    expect(await take(batch)).toEqual([ID]);
    await putObject(stack, documentPath('codes', ID), 'text');
    await stack.supabase.catalogue.enqueue(batch, [ID], []);
  }
  let sequence = 0;
  const row = () => documentRow(stack, 'codes', ID);
  const move = (revision: string) =>
    stack.sql(
      `select legisync.register_documents($1, 'codes', 'test', '', 1, jsonb_build_array(jsonb_build_object('id', $2::text, 'revision', $3::text)), 'trust')`,
      [BUCKET, ID, revision],
    );
  const counts = async () => stack.supabase.catalogue.counts('codes');

  beforeEach(() => plantDue(stack, 'codes', [ID]));

  it('keeps a document that is not found with its reason, and asks again in an hour', async () => {
    await fail('DOCUMENT_NOT_FOUND', 'article: null');
    expect(await row()).toMatchObject({
      state: 'unavailable',
      code: 'DOCUMENT_NOT_FOUND',
      message: 'article: null',
      attempts: 1,
      holder: null,
    });
    expect((await row())?.due_in).toBeGreaterThan(HOUR - 60);
    expect((await row())?.due_in).toBeLessThanOrEqual(HOUR);
    expect(await counts()).toMatchObject({
      documents: { unavailable: 1 },
      failures: { DOCUMENT_NOT_FOUND: 1 },
      unavailable: [{ source: 'test', code: '', count: 1 }],
    });
  });

  it('asks again for one that is not found with a growing delay, up to a week, while a listing shows it', async () => {
    const delays: number[] = [];
    for (let attempt = 0; attempt < 10; attempt += 1) {
      await fail('DOCUMENT_NOT_FOUND');
      delays.push(Math.round(((await row())?.due_in ?? 0) / HOUR));
    }
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 168, 168]);
    expect(await row()).toMatchObject({ state: 'unavailable', attempts: 10 });
  });

  it('counts it as withdrawn only if its source does not list it either, and asks again when it is back', async () => {
    await fail('DOCUMENT_NOT_FOUND');
    await stack.sql('update legisync.documents set absent_since = 1');
    await fail('DOCUMENT_NOT_FOUND');
    expect(await row()).toMatchObject({ state: 'withdrawn', attempts: 2, due_in: null });
    expect(await counts()).toMatchObject({
      documents: { withdrawn: 1 },
      failures: { DOCUMENT_NOT_FOUND: 1 },
      unavailable: [],
    });
    await move('r1');
    expect(await row()).toMatchObject({ state: 'unavailable', attempts: 2 });
    expect((await row())?.due_in).toBeLessThanOrEqual(0);
  });

  it('asks again for a malformed one with a growing delay, up to a day', async () => {
    const delays: number[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) {
      await fail('DOCUMENT_MALFORMED');
      delays.push(Math.round(((await row())?.due_in ?? 0) / HOUR));
    }
    expect(delays).toEqual([1, 2, 4, 8, 16, 24, 24]);
    expect(await row()).toMatchObject({ state: 'failed', attempts: 7 });
  });

  it.each([
    ['LEGIFRANCE_UNAVAILABLE', 300],
    ['STORAGE_BUSY', 300],
    ['LEGIFRANCE_REJECTED', HOUR],
    ['INTERNAL', HOUR],
    // Example: too large for the bucket, until an operator raises the limit.
    ['DOCUMENT_REFUSED', 24 * HOUR],
    ['A_CODE_OF_A_LATER_RELEASE', 24 * HOUR],
  ])('asks again after %s in %i seconds: no failure is final', async (code, seconds) => {
    await fail(code);
    expect(await row()).toMatchObject({ state: 'failed', code });
    expect((await row())?.due_in).toBeGreaterThan(seconds - 60);
    expect((await row())?.due_in).toBeLessThanOrEqual(seconds);
  });

  it('does not ask again before its time because MAINTENANCE lists it, unless its change signal moved', async () => {
    // A stored document: MAINTENANCE re-checks these although their signal is unchanged.
    await store();
    await fail('DOCUMENT_NOT_FOUND');
    const list = async (revision: string) => {
      const batch = batchOf('codes', (sequence += 1), { workflow: 'maintenance:codes' });
      const listed = [{ id: ID, revision }];
      await stack.supabase.catalogue.takeListed(batch, 'test', listed, { page: 1, size: 50 }, 'trust');
      return take(batch);
    };
    expect(await list('r1')).toEqual([]);
    expect((await row())?.due_in).toBeGreaterThan(HOUR - 60);
    expect(await list('r2')).toEqual([ID]);
  });

  it.each([
    ['refused', ['DOCUMENT_REFUSED']],
    ['not found', ['DOCUMENT_NOT_FOUND', 'DOCUMENT_NOT_FOUND']],
    ['waiting', ['DOCUMENT_MALFORMED']],
  ])('has a %s one due again, as if new, when its change signal moves', async (_what, codes) => {
    for (const code of codes) await fail(code);
    await move('r1');
    expect((await row())?.state).not.toBe('discovered');
    await move('r2');
    expect(await row()).toMatchObject({ state: 'discovered', attempts: 0, code: null, message: null });
    expect((await row())?.due_in).toBeLessThanOrEqual(0);
  });

  it('forgets the failures of a document that is collected in the end', async () => {
    await fail('DOCUMENT_MALFORMED');
    await store();
    expect(await row()).toMatchObject({
      state: 'stored',
      attempts: 0,
      code: null,
      message: null,
      due_in: null,
    });
  });

  it('cuts a message at 500 characters', async () => {
    await fail('DOCUMENT_MALFORMED', 'x'.repeat(5_000));
    expect((await row())?.message).toBe('x'.repeat(500));
  });
});
