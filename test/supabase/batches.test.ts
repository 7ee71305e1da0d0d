import type { BatchRef } from '../../src/contract/collecting.ts';
import { documentPath } from '../../src/contract/documents.ts';
import { NOTHING } from '../support/collecting.ts';
import { HOUR, idRange } from '../support/enumeration.ts';
import {
  articleId,
  batchOf,
  documentRow,
  emptyTables,
  plantDue,
  putObject,
  queueRow,
} from '../support/queue.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';
import { untilBlocked, withSession } from '../support/sessions.ts';

const ID = articleId(1);

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

const take = (batch: BatchRef, limit = 100) => stack.supabase.catalogue.takeDocuments(batch, limit);

describe('a batch', () => {
  it('gives the same batch the same documents again, and tops it up to the limit', async () => {
    await plantDue(stack, 'codes', idRange(5));
    const batch = batchOf('codes', 1);
    expect(await take(batch, 3)).toEqual(idRange(3));
    expect(await take(batch, 3)).toEqual(idRange(3));
    expect(await take(batch, 4)).toEqual(idRange(4));
    expect(await take(batch, 2)).toHaveLength(2);
  });

  it('keeps two batches of one run, and two collections, apart', async () => {
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

  it('passes to another run of the same workflow at once: the old run is over', async () => {
    await plantDue(stack, 'codes', idRange(2));
    await take(batchOf('codes', 1));
    expect(await take(batchOf('codes', 1, { run: 'run-2' }))).toEqual(idRange(2));
    expect((await stack.supabase.catalogue.openPass('codes', ['codes'], HOUR)).due).toBe(0);
  });

  it('passes to another workflow only after an hour', async () => {
    await plantDue(stack, 'codes', idRange(2));
    await take(batchOf('codes', 1));
    const other = batchOf('codes', 1, { workflow: 'maintenance:codes', run: 'other' });
    const grow = (minutes: number) =>
      stack.sql(
        'update legisync.documents set held_since = held_since - make_interval(mins => $1), held_until = held_until - make_interval(mins => $1)',
        [minutes],
      );
    await grow(59);
    expect(await take(other)).toEqual([]);
    await grow(2);
    expect(await take(other)).toEqual(idRange(2));
  });

  it('skips what another is taking in this moment: two at once get different documents', async () => {
    await plantDue(stack, 'codes', idRange(4));
    await withSession(stack.databaseUrl, async ({ client }) => {
      await client.query('begin');
      const { rows } = await client.query<{ ids: string[] }>(
        `select public.legisync_take_documents('codes', '{"workflow": "massive:codes", "run": "run-1", "sequence": 1}', 2) as ids`,
      );
      expect(rows[0]?.ids).toEqual(idRange(2));
      expect(await take(batchOf('codes', 2), 2)).toEqual(idRange(2, 3));
      await client.query('commit');
    });
  });

  it('waits for its own duplicate: a call and its retry side by side get one batch, not two', async () => {
    await plantDue(stack, 'codes', idRange(4));
    await withSession(stack.databaseUrl, async ({ client, pid }) => {
      await client.query('begin');
      await client.query(
        `select public.legisync_take_documents('codes', '{"workflow": "massive:codes", "run": "run-1", "sequence": 1}', 2)`,
      );
      const retry = take(batchOf('codes', 1), 2);
      await untilBlocked(stack, pid);
      await client.query('commit');
      expect(await retry).toEqual(idRange(2));
    });
    expect(await take(batchOf('codes', 2))).toEqual(idRange(2, 3));
  });

  it('survives an answer that was lost', async () => {
    await plantDue(stack, 'codes', idRange(4));
    stack.gateway.control.fault({ kind: 'reset-after', match: 'rpc/legisync_take_documents', times: 1 });
    await expect(take(batchOf('codes', 1), 2)).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    expect(await take(batchOf('codes', 1), 2)).toEqual(idRange(2));
  });
});

describe('a batch that lost its documents to another run', () => {
  const IDS = idRange(3);
  const [FIRST = '', SECOND = '', THIRD = ''] = IDS;
  const old = batchOf('codes', 1);
  const reset = batchOf('codes', 1, { run: 'run-2' });
  const failure = { id: THIRD, code: 'DOCUMENT_MALFORMED', message: 'cut off' };
  const standings = async (batch: BatchRef) =>
    (await stack.supabase.catalogue.describe(batch, IDS)).map(({ held }) => held);
  const enqueue = (batch: BatchRef) => stack.supabase.catalogue.enqueue(batch, [FIRST, SECOND], [failure]);
  const documents = async () =>
    (await stack.sql('select * from legisync.documents order by id')).map((row) => ({ ...row }));

  beforeEach(async () => {
    await plantDue(stack, 'codes', IDS);
    expect(await take(old)).toEqual(IDS);
    for (const id of [FIRST, SECOND]) await putObject(stack, documentPath('codes', id), `text of ${id}`);
  });

  it('learns it before it collects them, and so does a batch of another workflow that never held them', async () => {
    expect(await standings(old)).toEqual([true, true, true]);
    expect(await standings(reset)).toEqual([false, false, false]);
    expect(await take(batchOf('codes', 1, { workflow: 'maintenance:codes' }))).toEqual([]);
    expect(await standings(old)).toEqual([true, true, true]);
    expect(await take(reset, 2)).toEqual([FIRST, SECOND]);
    expect(await standings(old)).toEqual([false, false, true]);
    expect(await standings(reset)).toEqual([true, true, false]);
  });

  it('learns it when it enqueues them: its files are queued, the catalogue does not change', async () => {
    expect(await take(reset)).toEqual(IDS);
    const before = await documents();
    expect(await enqueue(old)).toEqual({ ...NOTHING, queued: 2, lost: IDS });
    expect(await documents()).toEqual(before);
    expect(await queueRow(stack, documentPath('codes', FIRST))).toMatchObject({ status: 'pending' });
    // The batch that holds them ends as usual.
    expect(await take(reset)).toEqual(IDS);
    expect(await enqueue(reset)).toEqual({ ...NOTHING, unchanged: 2 });
    expect(await documentRow(stack, 'codes', FIRST)).toMatchObject({ state: 'stored', holder: null });
    expect(await documentRow(stack, 'codes', THIRD)).toMatchObject({ state: 'failed', attempts: 1 });
  });

  it('reports as lost also documents that no batch has taken yet, but none that another batch has finished', async () => {
    expect(await take(reset)).toEqual(IDS);
    await stack.supabase.catalogue.enqueue(reset, [FIRST], []);
    // SECOND and THIRD were not reached, and are due again.
    expect(await enqueue(old)).toEqual({ ...NOTHING, queued: 1, unchanged: 1, lost: [SECOND, THIRD] });
  });

  it('does not learn it from a repeated call: what it ended itself is not lost', async () => {
    expect(await enqueue(old)).toEqual({ ...NOTHING, queued: 2 });
    const before = await documents();
    expect(await enqueue(old)).toEqual({ ...NOTHING, unchanged: 2 });
    expect(await documents()).toEqual(before);
  });
});

describe('a listing of MAINTENANCE', () => {
  const batch = batchOf('codes', 1, { workflow: 'maintenance:codes' });
  const list = (to: BatchRef, revision = 'r1', page = 2) =>
    stack.supabase.catalogue.takeListed(
      to,
      'search',
      [{ id: ID, revision }],
      { page, size: 50, from: '2026-01-01' },
      'trust',
    );

  it('takes what it lists and moves the cursor; a repeated call changes nothing', async () => {
    expect(await stack.supabase.catalogue.maintenanceCursor('codes', 'search')).toBeNull();
    stack.gateway.control.fault({ kind: 'reset-after', match: 'rpc/legisync_take_listed', times: 1 });
    await expect(list(batch)).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    expect(await list(batch)).toEqual({ discovered: 0 });
    expect(await take(batch)).toEqual([ID]);
    expect(await stack.supabase.catalogue.maintenanceCursor('codes', 'search')).toEqual({
      page: 2,
      size: 50,
      from: '2026-01-01',
    });
  });

  it('re-checks a stored document although its signal is unchanged, and keeps it due if it is not reached', async () => {
    await list(batch);
    await putObject(stack, documentPath('codes', ID), 'text');
    await stack.supabase.catalogue.enqueue(batch, [ID], []);
    const next = { ...batch, sequence: 2 };
    await list(next);
    expect(await take(next)).toEqual([ID]);
    await stack.supabase.catalogue.enqueue(next, [], []);
    const row = await documentRow(stack, 'codes', ID);
    expect(row).toMatchObject({ state: 'stored', holder: null });
    expect(row?.due_in).toBeLessThanOrEqual(0);
  });
});
