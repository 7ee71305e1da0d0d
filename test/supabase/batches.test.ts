import type { BatchRef } from '../../src/contract/messages.ts';
import { documentPath } from '../../src/contract/documents.ts';
import { HOUR, idRange } from '../support/enumeration.ts';
import { articleId, batchOf, documentRow, emptyTables, plantDue, putObject } from '../support/queue.ts';
import { BUCKET, openStack, type TestStack } from '../support/stack.ts';
import { untilBlocked, withSession } from '../support/sessions.ts';

const ID = articleId(1);

let stack: TestStack;

beforeAll(async () => {
  stack = await openStack();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

const take = (batch: BatchRef, limit = 100) => stack.supabase.catalogue.takeDocuments(batch, limit);

describe('a claim', () => {
  it('gives the same batch the same documents again, and tops it up to the limit', async () => {
    await plantDue(stack, 'codes', idRange(5));
    const batch = batchOf('codes', 1);
    expect(await take(batch, 3)).toEqual(idRange(3));
    expect(await take(batch, 3)).toEqual(idRange(3));
    expect(await take(batch, 4)).toEqual(idRange(4));
    expect(await take(batch, 2)).toHaveLength(2);
  });

  it('keeps two batches of one chain, and two collections, apart', async () => {
    await plantDue(stack, 'codes', idRange(4));
    await plantDue(stack, 'urbanisme', idRange(4));
    expect(await take(batchOf('codes', 1), 2)).toEqual(idRange(2));
    expect(await take(batchOf('codes', 2), 2)).toEqual(idRange(2, 3));
    expect(await take(batchOf('codes', 3), 2)).toEqual([]);
    expect(await take(batchOf('urbanisme', 1))).toEqual(idRange(4));
  });

  it('takes the oldest first, and nothing that is not due yet', async () => {
    await plantDue(stack, 'codes', idRange(3));
    await stack.sql(
      `update legisync.documents set next_attempt_at = clock_timestamp() + case id when $1 then '1 hour' when $2 then '-1 hour' else '-1 min' end::interval`,
      [articleId(1), articleId(3)],
    );
    expect(await take(batchOf('codes', 1), 1)).toEqual([articleId(3)]);
    expect(await take(batchOf('codes', 2))).toEqual([articleId(2)]);
  });

  it('passes to another chain of the same workflow at once: the old chain is over', async () => {
    await plantDue(stack, 'codes', idRange(2));
    await take(batchOf('codes', 1));
    expect(await take(batchOf('codes', 1, { chain: 'chain-2' }))).toEqual(idRange(2));
    expect((await stack.supabase.catalogue.openPass('codes', ['codes'], HOUR)).due).toBe(0);
  });

  it('passes to another workflow only after an hour', async () => {
    await plantDue(stack, 'codes', idRange(2));
    await take(batchOf('codes', 1));
    const other = batchOf('codes', 1, { owner: 'maintenance:codes', chain: 'other' });
    await stack.sql(`update legisync.documents set taken_at = clock_timestamp() - interval '59 minutes'`);
    expect(await take(other)).toEqual([]);
    await stack.sql(`update legisync.documents set taken_at = clock_timestamp() - interval '61 minutes'`);
    expect(await take(other)).toEqual(idRange(2));
  });

  it('skips what another is taking in this moment: two at once get different documents', async () => {
    await plantDue(stack, 'codes', idRange(4));
    await withSession(stack.databaseUrl, async ({ client }) => {
      await client.query('begin');
      const { rows } = await client.query<{ ids: string[] }>(
        `select public.take_documents('codes', 'massive:codes', 'chain-1', 1, 2) as ids`,
      );
      expect(rows[0]?.ids).toEqual(idRange(2));
      expect(await take(batchOf('codes', 2), 2)).toEqual(idRange(2, 3));
      await client.query('commit');
    });
  });

  it('waits for its own twin: a call and its retry side by side get one batch, not two', async () => {
    await plantDue(stack, 'codes', idRange(4));
    await withSession(stack.databaseUrl, async ({ client, pid }) => {
      await client.query('begin');
      await client.query(`select public.take_documents('codes', 'massive:codes', 'chain-1', 1, 2)`);
      const twin = take(batchOf('codes', 1), 2);
      await untilBlocked(stack, pid);
      await client.query('commit');
      expect(await twin).toEqual(idRange(2));
    });
    expect(await take(batchOf('codes', 2))).toEqual(idRange(2, 3));
  });

  it('survives an answer that was lost', async () => {
    await plantDue(stack, 'codes', idRange(4));
    stack.gateway.control.fault({ kind: 'reset-after', match: 'rpc/take_documents', times: 1 });
    await expect(take(batchOf('codes', 1), 2)).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    expect(await take(batchOf('codes', 1), 2)).toEqual(idRange(2));
  });
});

describe('a listing of MAINTENANCE', () => {
  const batch = batchOf('codes', 1, { owner: 'maintenance:codes' });
  const list = (to: BatchRef, revision = 'r1', page = 2) =>
    stack.supabase.catalogue.takeListed(
      to,
      'search',
      [{ id: ID, revision }],
      { page, size: 50, from: '2026-01-01' },
      'trust',
    );

  it('claims what it lists and moves the cursor; a repeated call changes nothing', async () => {
    expect(await stack.supabase.catalogue.maintenanceCursor('codes', 'search')).toBeNull();
    stack.gateway.control.fault({ kind: 'reset-after', match: 'rpc/take_listed', times: 1 });
    await expect(list(batch)).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    expect(await list(batch)).toEqual({ discovered: 0 });
    expect(await take(batch)).toEqual([ID]);
    expect(await stack.supabase.catalogue.maintenanceCursor('codes', 'search')).toEqual({
      page: 2,
      size: 50,
      from: '2026-01-01',
    });
  });

  it('looks again at a document of ours although its signal stands still, and keeps it due if it is not reached', async () => {
    await list(batch);
    await putObject(stack, documentPath('codes', ID), 'text');
    await stack.supabase.catalogue.enqueue(batch, [ID], []);
    const next = { ...batch, sequence: 2 };
    await list(next);
    expect(await take(next)).toEqual([ID]);
    await stack.supabase.catalogue.enqueue(next, [], []);
    const row = await documentRow(stack, 'codes', ID);
    expect(row).toMatchObject({ state: 'stored', taken_by: null });
    expect(row?.due_in).toBeLessThanOrEqual(0);
  });
});

describe('invariant 10, no document is dropped in silence', () => {
  /** One batch in which the document fails so. */
  async function fail(code: string, message = 'why'): Promise<void> {
    await stack.sql(`update legisync.documents set next_attempt_at = clock_timestamp() - interval '1 s'`);
    const batch = batchOf('codes', (sequence += 1));
    expect(await take(batch)).toEqual([ID]);
    await stack.supabase.catalogue.enqueue(batch, [], [{ id: ID, code, message }]);
  }
  let sequence = 0;
  const row = () => documentRow(stack, 'codes', ID);
  const move = (revision: string) =>
    stack.sql(
      `select legisync.register($1, 'codes', 'test', 1, jsonb_build_array(jsonb_build_object('id', $2::text, 'revision', $3::text)), 'trust')`,
      [BUCKET, ID, revision],
    );
  const counts = async () => stack.supabase.catalogue.counts('codes');

  beforeEach(() => plantDue(stack, 'codes', [ID]));

  it('keeps a document that is not found with its reason, and asks again in an hour', async () => {
    await fail('DOCUMENT_NOT_FOUND', 'article: null');
    expect(await row()).toMatchObject({
      state: 'failed',
      code: 'DOCUMENT_NOT_FOUND',
      message: 'article: null',
      attempts: 1,
      taken_by: null,
    });
    expect((await row())?.due_in).toBeGreaterThan(HOUR - 60);
    expect((await row())?.due_in).toBeLessThanOrEqual(HOUR);
    expect(await counts()).toMatchObject({ documents: { failed: 1 }, failures: { DOCUMENT_NOT_FOUND: 1 } });
  });

  it('counts it as withdrawn when it is not found a second time', async () => {
    await fail('DOCUMENT_NOT_FOUND');
    await fail('DOCUMENT_NOT_FOUND');
    expect(await row()).toMatchObject({ state: 'withdrawn', attempts: 2, due_in: null });
    expect(await counts()).toMatchObject({
      documents: { withdrawn: 1 },
      failures: { DOCUMENT_NOT_FOUND: 1 },
    });
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

  it('takes a refused one for final', async () => {
    await fail('DOCUMENT_REFUSED');
    expect(await row()).toMatchObject({ state: 'failed', code: 'DOCUMENT_REFUSED', due_in: null });
  });

  it.each([
    ['refused', ['DOCUMENT_REFUSED']],
    ['withdrawn', ['DOCUMENT_NOT_FOUND', 'DOCUMENT_NOT_FOUND']],
    ['waiting', ['DOCUMENT_MALFORMED']],
  ])('has a %s one due again, as if new, when its change signal moves', async (_what, codes) => {
    for (const code of codes) await fail(code);
    await move('r1');
    expect((await row())?.state).not.toBe('discovered');
    await move('r2');
    expect(await row()).toMatchObject({ state: 'discovered', attempts: 0, code: null, message: null });
    expect((await row())?.due_in).toBeLessThanOrEqual(0);
  });

  it('forgets the failures of a document that was had in the end', async () => {
    await fail('DOCUMENT_MALFORMED');
    await putObject(stack, documentPath('codes', ID), 'text');
    await stack.sql('update legisync.documents set next_attempt_at = clock_timestamp()');
    const batch = batchOf('codes', (sequence += 1));
    await take(batch);
    await stack.supabase.catalogue.enqueue(batch, [ID], []);
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
