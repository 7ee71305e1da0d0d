import type { SliceKey } from '../../src/supabase/types.ts';
import { enumerationOf, idRange } from '../support/enumeration.ts';
import { articleId, batchOf, documentRow, emptyTables } from '../support/queue.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

let stack: SupabaseStack;
const { open, lease, leaseOrNull, register } = enumerationOf(() => stack);

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

const leaseEnds = () =>
  stack.sql(`update legisync.slices set held_until = clock_timestamp() - interval '1 second'`);

describe('a slice', () => {
  beforeEach(() => open());

  it('is leased: its holder gets it again, another lane only when the lease is over', async () => {
    const slice = await lease(1);
    expect(await lease(1)).toEqual(slice);
    expect(await leaseOrNull(2)).toBeNull();
    await leaseEnds();
    expect(await lease(2)).toEqual(slice);
    expect(await leaseOrNull(1)).toBeNull();
  });

  it('passes at once to another run of the same workflow, since the old run is over, and not to another workflow', async () => {
    const { catalogue } = stack.supabase;
    const { id, pass } = await lease(1);
    expect(await catalogue.leaseSlice(batchOf('codes', 1, { workflow: 'another' }), pass, 300)).toBeNull();
    const heir = batchOf('codes', 1, { run: 'run-2' });
    expect(await catalogue.leaseSlice(heir, pass, 300)).toMatchObject({ id });
    expect(await stack.sql('select (holder).run from legisync.slices where id = $1', [id])).toEqual([
      { run: 'run-2' },
    ]);
  });

  it('with one answer that is no table of contents supersedes nothing', async () => {
    await register(await lease(1), idRange(3));
    expect((await documentRow(stack, 'codes', articleId(1)))?.state).toBe('discovered');
    await stack.sql(
      `update legisync.slices set state = 'open', kind = 'undated', round = 1, page = 1, absences_marked = false`,
    );
    await register(await lease(1), []);
    const [row] = await stack.sql('select state, absent_since from legisync.documents where id = $1', [
      articleId(1),
    ]);
    expect(row).toEqual({ state: 'discovered', absent_since: 1 });
  });

  it('continues at its page with the next lane', async () => {
    const slice = await lease(1);
    expect(await register(slice, idRange(2), { action: 'release' })).toEqual({
      discovered: 2,
      outcome: 'open',
    });
    expect(await lease(2)).toMatchObject({ id: slice.id, page: 2 });
  });

  it('stays with its holder if the page does not release it', async () => {
    await register(await lease(1), idRange(2), { action: 'continue' });
    expect(await leaseOrNull(2)).toBeNull();
    expect((await lease(1)).page).toBe(2);
  });

  it('has its lease renewed by each page that is registered', async () => {
    const slice = await lease(1);
    await leaseEnds();
    await register(slice, idRange(2), { action: 'continue' });
    expect(await leaseOrNull(2)).toBeNull();
    const [row] = await stack.sql<{ left: number }>(
      'select extract(epoch from held_until - clock_timestamp())::float8 as left from legisync.slices',
    );
    expect(row?.left).toBeGreaterThan(60);
  });

  it('obeys its holder alone: a lane that lost it can neither move, release, fail, park nor split it', async () => {
    const { catalogue } = stack.supabase;
    const lost = await lease(1);
    await leaseEnds();
    const held = await lease(2);
    const late = batchOf('codes', 1);
    await catalogue.parkSlice(late, lost, { code: 'LATE', message: 'x' });
    await catalogue.failSlice(late, lost, { code: 'LATE', message: 'x' }, 0);
    await catalogue.releaseSlice(late, lost);
    await catalogue.splitSlice(late, lost, [{ kind: 'code', code: 'A' }]);
    for (const action of ['continue', 'release', 'round', 'whole'] as const) {
      expect(await register(lost, idRange(1), { action })).toEqual({ discovered: 0, outcome: 'lost' });
    }
    expect(await lease(2)).toEqual(held);
    expect(await leaseOrNull(1)).toBeNull();
    expect(await register(held, idRange(1), { lane: 2 })).toEqual({ discovered: 1, outcome: 'complete' });
  });

  it('is complete at once when its answer is atomic', async () => {
    expect(await register(await lease(), idRange(3))).toEqual({ discovered: 3, outcome: 'complete' });
    expect(await leaseOrNull()).toBeNull();
  });

  it('is complete when two rounds give the same documents, in whatever pages and order', async () => {
    const [a, b, c] = idRange(3);
    if (a === undefined || b === undefined || c === undefined) throw new Error('three ids');
    await register(await lease(), [a, b], { action: 'release' });
    const ended = await register(await lease(), [c], { page: 2, action: 'round' });
    expect(ended).toEqual({ discovered: 1, outcome: 'open' });
    expect(await lease()).toMatchObject({ page: 1, round: 2 });
    const again = await register(await lease(), [c, b, a], { action: 'round' });
    expect(again).toEqual({ discovered: 0, outcome: 'complete' });
    // The ids of the last round stay: they show which documents the source no longer lists.
    expect(await stack.sql('select distinct round from legisync.listing_documents')).toEqual([{ round: 2 }]);
  });

  it('is read a third time when a page shifted between two rounds', async () => {
    await register(await lease(), idRange(3), { action: 'round' });
    const shifted = await register(await lease(), idRange(3, 2), { action: 'round' });
    expect(shifted).toEqual({ discovered: 1, outcome: 'open' });
    const agreed = await register(await lease(), idRange(3, 2), { action: 'round' });
    expect(agreed).toEqual({ discovered: 0, outcome: 'complete' });
  });

  it('is parked with its reason after eight rounds that never agreed', async () => {
    for (let round = 1; round <= 8; round += 1) {
      await register(await lease(), [articleId(round)], { action: 'round' });
    }
    expect(await leaseOrNull()).toBeNull();
    const { parkedSlices, openSlices } = await stack.supabase.catalogue.counts('codes');
    expect({ parkedSlices, openSlices }).toEqual({
      openSlices: 0,
      parkedSlices: [
        {
          source: 'codes',
          key: { kind: 'source' },
          code: 'ENUMERATION_UNSTABLE',
          message: 'Eight rounds in a row listed different documents.',
        },
      ],
    });
  });

  it('gives way to finer ones', async () => {
    const keys: SliceKey[] = [
      { kind: 'window', from: '1800-01-01', to: '1999-12-31' },
      { kind: 'window', from: '2000-01-01', to: '2026-12-31' },
      { kind: 'undated' },
      { kind: 'code', code: 'LEGITEXT000000000001' },
    ];
    await stack.supabase.catalogue.splitSlice(batchOf('codes', 1), await lease(), keys);
    const given = [await lease(1), await lease(2), await lease(3), await lease(4)];
    expect(given.map(({ key }) => key)).toEqual(keys);
    expect(await leaseOrNull(5)).toBeNull();
  });

  it('comes back after its delay with one more attempt counted, and not at all when it is parked', async () => {
    const { catalogue } = stack.supabase;
    const failure = { code: 'LEGIFRANCE_UNAVAILABLE', message: 'down' };
    const lane = batchOf('codes', 1);
    await catalogue.failSlice(lane, await lease(), failure, 60);
    expect(await leaseOrNull()).toBeNull();
    await stack.sql(`update legisync.slices set next_attempt_at = next_attempt_at - interval '61 seconds'`);
    const slice = await lease();
    expect(slice.attempts).toBe(1);
    await catalogue.parkSlice(lane, slice, failure);
    expect(await leaseOrNull()).toBeNull();
    expect((await catalogue.counts('codes')).parkedSlices).toEqual([
      { source: 'codes', key: { kind: 'source' }, ...failure },
    ]);
    expect((await catalogue.counts('codes')).parkedSliceCount).toBe(1);
    // A parked slice does not delay the others.
    expect(await open()).toMatchObject({ complete: true });
  });
});

describe('the parked slices of a collection', () => {
  it('are all counted, though only the first twenty are shown', async () => {
    await open();
    const lane = batchOf('codes', 1);
    await stack.supabase.catalogue.splitSlice(
      lane,
      await lease(),
      Array.from({ length: 23 }, (_, index) => ({ kind: 'code', code: `LEGITEXT${index}` })),
    );
    for (let parked = 0; parked < 23; parked += 1) {
      await stack.supabase.catalogue.parkSlice(lane, await lease(), {
        code: 'LEGIFRANCE_REJECTED',
        message: 'x',
      });
    }
    const counts = await stack.supabase.catalogue.counts('codes');
    expect([counts.parkedSliceCount, counts.parkedSlices.length]).toEqual([23, 20]);
  });
});

describe('invariant 7, every write can be repeated, and may come late', () => {
  beforeEach(() => open());

  it('registers the same page twice as once', async () => {
    const slice = await lease();
    const page = { action: 'continue' } as const;
    expect(await register(slice, idRange(3), page)).toEqual({ discovered: 3, outcome: 'open' });
    expect(await register(slice, idRange(3), page)).toEqual({ discovered: 0, outcome: 'open' });
    const doubled = await register(slice, [...idRange(3), ...idRange(3)], page);
    expect(doubled).toEqual({ discovered: 0, outcome: 'open' });
  });

  it('has ended when the answer to the last page was lost: the caller has nothing left to do', async () => {
    const slice = await lease();
    stack.gateway.control.fault({ kind: 'reset-after', match: 'rpc/legisync_register_slice', times: 1 });
    await expect(register(slice, idRange(3))).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    expect(await register(slice, idRange(3))).toEqual({ discovered: 0, outcome: 'lost' });
    expect(await leaseOrNull()).toBeNull();
    expect(await open()).toMatchObject({ openSlices: 0, due: 3 });
  });

  it('does not let a late page move a slice back, nor one of an old round add anything', async () => {
    const slice = await lease();
    await register(slice, idRange(1), { page: 1, action: 'continue' });
    await register(slice, idRange(1, 2), { page: 2, action: 'continue' });
    await register(slice, idRange(1), { page: 1, action: 'continue' });
    expect((await lease()).page).toBe(3);
    // A late first page does not delete what later pages have listed, either.
    expect(await stack.sql('select id from legisync.listing_documents order by id')).toEqual(
      idRange(2).map((id) => ({ id })),
    );

    await register(slice, [], { page: 3, action: 'round' });
    const late = await register(slice, idRange(1, 99), { action: 'round' });
    expect(late).toEqual({ discovered: 0, outcome: 'lost' });
    expect(await lease()).toMatchObject({ round: 2, page: 1 });
    expect(await documentRow(stack, 'codes', articleId(99))).toBeUndefined();
  });

  it('counts a failure once that is reported twice, and leaves the slice to its next holder', async () => {
    const { catalogue } = stack.supabase;
    const slice = await lease(1);
    const failure = { code: 'LEGIFRANCE_UNAVAILABLE', message: 'down' };
    const lane = batchOf('codes', 1);
    stack.gateway.control.fault({ kind: 'reset-after', match: 'rpc/legisync_fail_slice', times: 1 });
    await expect(catalogue.failSlice(lane, slice, failure, 0)).rejects.toMatchObject({
      code: 'DATABASE_BUSY',
    });
    expect(await lease(2)).toMatchObject({ id: slice.id, attempts: 1 });
    await catalogue.parkSlice(lane, slice, failure);
    expect(await leaseOrNull(1)).toBeNull();
    expect(await lease(2)).toMatchObject({ id: slice.id, attempts: 1 });
  });

  it('splits a slice once, whatever the second call brings', async () => {
    const slice = await lease();
    stack.gateway.control.fault({ kind: 'reset-after', match: 'rpc/legisync_split_slice', times: 1 });
    const { catalogue } = stack.supabase;
    const lane = batchOf('codes', 1);
    const into = (code: string) => catalogue.splitSlice(lane, slice, [{ kind: 'code', code }]);
    await expect(into('A')).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    await into('A');
    await into('B');
    await catalogue.parkSlice(lane, slice, { code: 'LATE', message: 'x' });
    expect(await stack.sql('select kind, code_id, state from legisync.slices order by id')).toEqual([
      { kind: 'source', code_id: null, state: 'split' },
      { kind: 'code', code_id: 'A', state: 'open' },
    ]);
  });

  it('survives lost answers of the other calls', async () => {
    const { catalogue } = stack.supabase;
    stack.gateway.control.fault({ kind: 'reset-after', match: 'rpc/legisync_lease_slice', times: 1 });
    await expect(lease()).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    expect(await lease()).toMatchObject({ source: 'codes' });

    stack.gateway.control.fault({
      kind: 'reset-after',
      match: 'rpc/legisync_save_collection_controls',
      times: 1,
    });
    const controls = { paused: true, lanes: 2 };
    await expect(catalogue.saveControls('codes', controls)).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    await catalogue.saveControls('codes', controls);
    expect(await catalogue.controls('codes')).toEqual(controls);
    expect(await catalogue.controls('nobody')).toBeNull();
  });
});
