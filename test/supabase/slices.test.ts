import type { SliceKey } from '../../src/supabase/types.ts';
import { enumerationOf, idRange } from '../support/enumeration.ts';
import { articleId, documentRow, emptyTables } from '../support/queue.ts';
import { openStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
const { open, claim, claimOrNull, register } = enumerationOf(() => stack);

beforeAll(async () => {
  stack = await openStack();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

const leaseEnds = () =>
  stack.sql(`update legisync.slices set held_until = clock_timestamp() - interval '1 second'`);

describe('a slice', () => {
  beforeEach(() => open());

  it('is leased: its holder gets it again, another lane only when the lease is over', async () => {
    const slice = await claim(1);
    expect(await claim(1)).toEqual(slice);
    expect(await claimOrNull(2)).toBeNull();
    await leaseEnds();
    expect(await claim(2)).toEqual({ ...slice, holder: 'massive:codes/chain-1/2' });
    expect(await claimOrNull(1)).toBeNull();
  });

  it('passes at once to another chain of the same owner: the old chain is over', async () => {
    const slice = await claim(1);
    const heir = { collection: 'codes', owner: 'massive:codes', chain: 'chain-2', sequence: 1 };
    const taken = await stack.supabase.catalogue.claimSlice(heir, slice.pass, 300);
    expect(taken).toMatchObject({ id: slice.id, holder: 'massive:codes/chain-2/1' });
  });

  it('with one answer that is no table of contents supersedes nothing', async () => {
    await register(await claim(1), idRange(3), { page: 1, end: true, single: true });
    expect((await documentRow(stack, 'codes', articleId(1)))?.state).toBe('discovered');
    await stack.sql(`update legisync.slices set state = 'open', key = '{"to": "1799-12-31"}', round = 1`);
    await stack.sql(`update legisync.documents set seen_pass = 0`);
    await register(await claim(1), [], { page: 1, end: true, single: true });
    expect((await documentRow(stack, 'codes', articleId(1)))?.state).toBe('discovered');
  });

  it('goes on at its page in the hands of whoever comes next', async () => {
    const slice = await claim(1);
    expect(await register(slice, idRange(2), { page: 4, end: false, single: false })).toEqual({
      discovered: 2,
      complete: false,
    });
    expect(await claim(2)).toMatchObject({ id: slice.id, page: 4 });
  });

  it('stays with its holder where the step does not release it', async () => {
    await register(await claim(1), idRange(2), { page: 4, end: false, single: false, release: false });
    expect(await claimOrNull(2)).toBeNull();
    expect((await claim(1)).page).toBe(4);
  });

  it('has its lease renewed by each page that is registered', async () => {
    const slice = await claim(1);
    await leaseEnds();
    await register(slice, idRange(2), { page: 4, end: false, single: false, release: false });
    expect(await claimOrNull(2)).toBeNull();
    const [row] = await stack.sql<{ left: number }>(
      'select extract(epoch from held_until - clock_timestamp())::float8 as left from legisync.slices',
    );
    expect(row?.left).toBeGreaterThan(100);
  });

  it('obeys its holder alone: who lost it can neither move, park nor split it', async () => {
    const { catalogue } = stack.supabase;
    const lost = await claim(1);
    await leaseEnds();
    const held = await claim(2);
    await catalogue.failSlice(lost, { code: 'LATE', message: 'x', retrySeconds: null });
    await catalogue.splitSlice(lost, [{ code: 'A' }]);
    const step = { page: 9, end: false, single: false, release: true };
    expect(await register(lost, idRange(1), step)).toEqual({ discovered: 0, complete: true });
    expect(await register(lost, idRange(1))).toEqual({ discovered: 0, complete: true });
    expect(await claim(2)).toEqual(held);
    expect(await claimOrNull(1)).toBeNull();
    expect(await register(held, idRange(1))).toEqual({ discovered: 1, complete: true });
  });

  it('is complete at once when its answer is atomic', async () => {
    expect(await register(await claim(), idRange(3))).toEqual({ discovered: 3, complete: true });
    expect(await claimOrNull()).toBeNull();
  });

  it('is complete when two rounds give the same documents, in whatever pages and order', async () => {
    const [a, b, c] = idRange(3);
    if (a === undefined || b === undefined || c === undefined) throw new Error('three ids');
    await register(await claim(), [a, b], { end: false, single: false });
    expect(await register(await claim(), [c], { single: false })).toEqual({ discovered: 1, complete: false });
    expect(await claim()).toMatchObject({ page: 1, round: 2 });
    expect(await register(await claim(), [c, b, a], { single: false })).toEqual({
      discovered: 0,
      complete: true,
    });
    expect(await stack.sql('select from legisync.slice_documents')).toEqual([]);
  });

  it('is read a third time when a page shifted between two rounds', async () => {
    await register(await claim(), idRange(3), { single: false });
    expect(await register(await claim(), idRange(3, 2), { single: false })).toEqual({
      discovered: 1,
      complete: false,
    });
    expect(await register(await claim(), idRange(3, 2), { single: false })).toEqual({
      discovered: 0,
      complete: true,
    });
  });

  it('is parked with its reason after eight rounds that never agreed', async () => {
    for (let round = 1; round <= 8; round += 1) {
      await register(await claim(), [articleId(round)], { single: false });
    }
    expect(await claimOrNull()).toBeNull();
    const { parkedSlices, openSlices } = await stack.supabase.catalogue.counts('codes');
    expect({ parkedSlices, openSlices }).toEqual({
      openSlices: 0,
      parkedSlices: [
        {
          source: 'codes',
          key: {},
          code: 'ENUMERATION_UNSTABLE',
          message: 'Eight enumerations in a row gave different documents.',
        },
      ],
    });
  });

  it('gives way to finer ones', async () => {
    const keys: SliceKey[] = [
      { from: '1800-01-01', to: '1999-12-31' },
      { from: '2000-01-01', to: '2026-12-31' },
    ];
    await stack.supabase.catalogue.splitSlice(await claim(), keys);
    expect([(await claim(1)).key, (await claim(2)).key]).toEqual(keys);
    expect(await claimOrNull(3)).toBeNull();
  });

  it('comes back after its delay with one more attempt counted, and not at all when it is parked', async () => {
    const { catalogue } = stack.supabase;
    const failure = { code: 'LEGIFRANCE_UNAVAILABLE', message: 'down' };
    await catalogue.failSlice(await claim(), { ...failure, retrySeconds: 60 });
    expect(await claimOrNull()).toBeNull();
    await stack.sql(`update legisync.slices set next_attempt_at = next_attempt_at - interval '61 seconds'`);
    const slice = await claim();
    expect(slice.attempts).toBe(1);
    await catalogue.failSlice(slice, { ...failure, retrySeconds: null });
    expect(await claimOrNull()).toBeNull();
    expect((await catalogue.counts('codes')).parkedSlices).toEqual([
      { source: 'codes', key: {}, ...failure },
    ]);
    expect((await catalogue.counts('codes')).parkedSliceCount).toBe(1);
    // A parked slice does not hold up the others.
    expect(await open()).toMatchObject({ complete: true });
  });
});

describe('the parked slices of a collection', () => {
  it('are counted, all of them, where only the first twenty are shown', async () => {
    await open();
    await stack.supabase.catalogue.splitSlice(
      await claim(),
      Array.from({ length: 23 }, (_, index) => ({ code: `LEGITEXT${index}` })),
    );
    for (let parked = 0; parked < 23; parked += 1) {
      await stack.supabase.catalogue.failSlice(await claim(), {
        code: 'LEGIFRANCE_REJECTED',
        message: 'x',
        retrySeconds: null,
      });
    }
    const counts = await stack.supabase.catalogue.counts('codes');
    expect([counts.parkedSliceCount, counts.parkedSlices.length]).toEqual([23, 20]);
  });
});

describe('invariant 7, every write can be repeated, and may come late', () => {
  beforeEach(() => open());

  it('registers the same step twice as once', async () => {
    const slice = await claim();
    const step = { page: 2, end: false, single: false, release: false };
    expect(await register(slice, idRange(3), step)).toEqual({ discovered: 3, complete: false });
    expect(await register(slice, idRange(3), step)).toEqual({ discovered: 0, complete: false });
    expect(await register(slice, [...idRange(3), ...idRange(3)], step)).toEqual({
      discovered: 0,
      complete: false,
    });
  });

  it('gives the same end when the answer to the last step was lost', async () => {
    const slice = await claim();
    stack.gateway.control.fault({ kind: 'reset-after', match: 'rpc/register_slice', times: 1 });
    await expect(register(slice, idRange(3))).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    expect(await register(slice, idRange(3))).toEqual({ discovered: 0, complete: true });
    expect(await open()).toMatchObject({ openSlices: 0, due: 3 });
  });

  it('does not let a late step move a slice back, nor one of an old round add anything', async () => {
    const slice = await claim();
    await register(slice, idRange(1), { page: 2, end: false, single: false, release: false });
    await register(slice, idRange(1, 2), { page: 3, end: false, single: false, release: false });
    await register(slice, idRange(1), { page: 2, end: false, single: false, release: false });
    expect((await claim()).page).toBe(3);

    await register(slice, [], { single: false });
    expect(await register(slice, idRange(1, 99), { single: false })).toEqual({
      discovered: 0,
      complete: true,
    });
    expect(await claim()).toMatchObject({ round: 2, page: 1 });
    expect(await documentRow(stack, 'codes', articleId(99))).toBeUndefined();
  });

  it('counts a failure once that is told twice, and leaves the slice to its next holder', async () => {
    const { catalogue } = stack.supabase;
    const slice = await claim(1);
    const failure = { code: 'LEGIFRANCE_UNAVAILABLE', message: 'down', retrySeconds: 0 };
    stack.gateway.control.fault({ kind: 'reset-after', match: 'rpc/fail_slice', times: 1 });
    await expect(catalogue.failSlice(slice, failure)).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    expect(await claim(2)).toMatchObject({ id: slice.id, attempts: 1 });
    await catalogue.failSlice(slice, { ...failure, retrySeconds: null });
    expect(await claimOrNull(1)).toBeNull();
    expect(await claim(2)).toMatchObject({ id: slice.id, attempts: 1 });
  });

  it('splits a slice once, whatever the second call brings', async () => {
    const slice = await claim();
    stack.gateway.control.fault({ kind: 'reset-after', match: 'rpc/split_slice', times: 1 });
    await expect(stack.supabase.catalogue.splitSlice(slice, [{ code: 'A' }])).rejects.toMatchObject({
      code: 'DATABASE_BUSY',
    });
    await stack.supabase.catalogue.splitSlice(slice, [{ code: 'A' }]);
    await stack.supabase.catalogue.splitSlice(slice, [{ code: 'B' }]);
    await stack.supabase.catalogue.failSlice(slice, { code: 'LATE', message: 'x', retrySeconds: null });
    expect(await stack.sql('select key, state from legisync.slices order by id')).toEqual([
      { key: {}, state: 'split' },
      { key: { code: 'A' }, state: 'open' },
    ]);
  });

  it('survives lost answers of the other calls', async () => {
    const { catalogue } = stack.supabase;
    stack.gateway.control.fault({ kind: 'reset-after', match: 'rpc/claim_slice', times: 1 });
    await expect(claim()).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    expect(await claim()).toMatchObject({ source: 'codes' });

    stack.gateway.control.fault({ kind: 'reset-after', match: 'rpc/save_collection_controls', times: 1 });
    const controls = { paused: true, lanes: 2 };
    await expect(catalogue.saveControls('codes', controls)).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    await catalogue.saveControls('codes', controls);
    expect(await catalogue.controls('codes')).toEqual(controls);
    expect(await catalogue.controls('nobody')).toBeNull();
  });
});
