import type { Slice, SliceKey } from '../../src/supabase/types.ts';
import { articleId, batchOf, documentRow, emptyTables, plantDue } from '../support/queue.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import { untilBlocked, withSession } from '../support/sessions.ts';

const HOUR = 3_600;
const LEASE = 120;

let stack: TestStack;

beforeAll(async () => {
  stack = await openStack();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

const ids = (count: number, from = 1) => Array.from({ length: count }, (_, index) => articleId(from + index));
const open = (sources = ['codes']) => stack.supabase.catalogue.openPass('codes', sources, HOUR);

async function claim(sequence = 1, pass = 1): Promise<Slice> {
  const slice = await claimOrNull(sequence, pass);
  if (slice === null) throw new Error('no slice is free');
  return slice;
}
const claimOrNull = (sequence = 1, pass = 1) =>
  stack.supabase.catalogue.claimSlice(batchOf('codes', sequence), pass, LEASE);

const register = (
  slice: Slice,
  listed: readonly string[],
  step: { page?: number; end?: boolean; single?: boolean; release?: boolean } = {},
  revision = 'r1',
) =>
  stack.supabase.catalogue.registerSlice(
    slice,
    listed.map((id) => ({ id, revision })),
    { page: 2, end: true, single: true, release: true, ...step },
    'trust',
  );

/** Ends the interval between two passes by setting the end of the last one back. */
const anIntervalPasses = () =>
  stack.sql(`update legisync.passes set completed_at = completed_at - interval '1 hour'`);

describe('a pass', () => {
  it('begins with one slice a source, and is not begun again by a second call', async () => {
    expect(await open(['codes', 'decisions'])).toMatchObject({
      pass: 1,
      complete: false,
      openSlices: 2,
      due: 0,
    });
    expect(await open(['codes', 'decisions'])).toMatchObject({ pass: 1, openSlices: 2 });
    expect((await claim(1)).source).toBe('codes');
    expect((await claim(2)).source).toBe('decisions');
  });

  it('is complete when nothing is left to enumerate or to collect, waits for its interval, and begins anew', async () => {
    await open();
    await register(await claim(), ids(2));
    expect(await open()).toMatchObject({ pass: 1, complete: false, openSlices: 0, due: 2 });

    const batch = batchOf('codes', 1);
    await stack.supabase.catalogue.takeDocuments(batch, 100);
    // Claimed, but not done: the pass goes on, and a lane without work looks again soon.
    const held = await open();
    expect(held).toMatchObject({ complete: false, due: 0 });
    expect(held.waitSeconds).toBeLessThanOrEqual(2);

    await stack.supabase.catalogue.enqueue(
      batch,
      [],
      ids(2).map((id) => ({ id, code: 'DOCUMENT_REFUSED', message: 'final' })),
    );
    const complete = await open();
    expect(complete).toMatchObject({ pass: 1, complete: true });
    expect(complete.waitSeconds).toBeGreaterThan(HOUR - 60);
    expect(complete.waitSeconds).toBeLessThanOrEqual(HOUR);

    await anIntervalPasses();
    expect(await open()).toMatchObject({ pass: 2, complete: false, openSlices: 1 });
  });

  it('is begun once by two lanes that come at the same moment', async () => {
    await withSession(stack.databaseUrl, async ({ client, pid }) => {
      await client.query('begin');
      await client.query(`select public.open_pass('codes', '{codes}', 3600)`);
      const other = open();
      await untilBlocked(stack, pid);
      await client.query('commit');
      expect(await other).toMatchObject({ pass: 1, openSlices: 1 });
    });
  });

  it('is complete although a failed document waits, which shortens the wait', async () => {
    await open();
    await register(await claim(), []);
    await plantDue(stack, 'codes', [articleId(1)]);
    await stack.sql(
      `update legisync.documents set next_attempt_at = clock_timestamp() + interval '10 minutes'`,
    );
    const pass = await open();
    expect(pass).toMatchObject({ complete: true, due: 0 });
    expect(pass.waitSeconds).toBeGreaterThan(500);
    expect(pass.waitSeconds).toBeLessThanOrEqual(600);
  });

  it('waits for a slice that is delayed, and two seconds where another lane holds it', async () => {
    await open();
    const slice = await claim();
    expect((await open()).waitSeconds).toBeLessThanOrEqual(2);
    expect((await open()).waitSeconds).toBeGreaterThan(1);
    await stack.supabase.catalogue.failSlice(slice, {
      code: 'LEGIFRANCE_UNAVAILABLE',
      message: 'x',
      retrySeconds: 300,
    });
    const { waitSeconds } = await open();
    expect(waitSeconds).toBeGreaterThan(290);
    expect(waitSeconds).toBeLessThanOrEqual(300);
  });

  it('keeps the last pass, and forgets older ones with their slices', async () => {
    for (let pass = 1; pass <= 3; pass += 1) {
      expect(await open()).toMatchObject({ pass });
      await register(await claim(1, pass), []);
      expect(await open()).toMatchObject({ pass, complete: true });
      await anIntervalPasses();
    }
    expect(await stack.sql('select pass from legisync.slices order by pass')).toEqual([
      { pass: 2 },
      { pass: 3 },
    ]);
  });
});

describe('a slice', () => {
  beforeEach(() => open());

  it('is leased: its holder gets it again, another lane only when the lease is over', async () => {
    const slice = await claim(1);
    expect(await claim(1)).toEqual(slice);
    expect(await claimOrNull(2)).toBeNull();
    await stack.sql(`update legisync.slices set held_until = clock_timestamp() - interval '1 second'`);
    expect(await claim(2)).toEqual(slice);
    expect(await claimOrNull(1)).toBeNull();
  });

  it('goes on at its page in the hands of whoever comes next', async () => {
    const slice = await claim(1);
    expect(await register(slice, ids(2), { page: 4, end: false, single: false })).toEqual({
      discovered: 2,
      complete: false,
    });
    expect(await claim(2)).toEqual({ ...slice, page: 4 });
  });

  it('stays with its holder where the step does not release it', async () => {
    await register(await claim(1), ids(2), { page: 4, end: false, single: false, release: false });
    expect(await claimOrNull(2)).toBeNull();
    expect((await claim(1)).page).toBe(4);
  });

  it('is complete at once when its answer is atomic', async () => {
    expect(await register(await claim(), ids(3))).toEqual({ discovered: 3, complete: true });
    expect(await claimOrNull()).toBeNull();
  });

  it('is complete when two rounds give the same documents, in whatever pages and order', async () => {
    const [a, b, c] = ids(3);
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
    await register(await claim(), ids(3), { single: false });
    expect(await register(await claim(), ids(3, 2), { single: false })).toEqual({
      discovered: 1,
      complete: false,
    });
    expect(await register(await claim(), ids(3, 2), { single: false })).toEqual({
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
    // A parked slice does not hold up the others.
    expect(await open()).toMatchObject({ complete: true });
  });
});

describe('invariant 7, every write can be repeated, and may come late', () => {
  beforeEach(() => open());

  it('registers the same step twice as once', async () => {
    const slice = await claim();
    const step = { page: 2, end: false, single: false, release: false };
    expect(await register(slice, ids(3), step)).toEqual({ discovered: 3, complete: false });
    expect(await register(slice, ids(3), step)).toEqual({ discovered: 0, complete: false });
    expect(await register(slice, [...ids(3), ...ids(3)], step)).toEqual({ discovered: 0, complete: false });
  });

  it('gives the same end when the answer to the last step was lost', async () => {
    const slice = await claim();
    stack.gateway.control.fault({ kind: 'reset-after', match: 'rpc/register_slice', times: 1 });
    await expect(register(slice, ids(3))).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    expect(await register(slice, ids(3))).toEqual({ discovered: 0, complete: true });
    expect(await open()).toMatchObject({ openSlices: 0, due: 3 });
  });

  it('does not let a late step move a slice back, nor one of an old round add anything', async () => {
    const slice = await claim();
    await register(slice, ids(1), { page: 2, end: false, single: false, release: false });
    await register(slice, ids(1, 2), { page: 3, end: false, single: false, release: false });
    await register(slice, ids(1), { page: 2, end: false, single: false, release: false });
    expect((await claim()).page).toBe(3);

    await register(slice, [], { single: false });
    expect(await register(slice, ids(1, 99), { single: false })).toEqual({ discovered: 0, complete: true });
    expect(await claim()).toMatchObject({ round: 2, page: 1 });
    expect(await documentRow(stack, 'codes', articleId(99))).toBeUndefined();
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

describe('a document that leaves its listing', () => {
  /** One pass whose table of contents shows exactly these. */
  async function passOf(pass: number, listed: readonly string[], revision = 'r1'): Promise<void> {
    expect(await open()).toMatchObject({ pass });
    const whole = await claim(1, pass);
    if (whole.key.code === undefined)
      await stack.supabase.catalogue.splitSlice(whole, [{ code: 'LEGITEXT1' }]);
    await register(await claim(1, pass), listed, {}, revision);
    const batch = batchOf('codes', pass);
    const taken = await stack.supabase.catalogue.takeDocuments(batch, 100);
    await stack.sql(
      `insert into storage.objects (bucket_id, name, metadata, user_metadata)
       select 'agentbasic-legifrance-raw', 'legifrance/codes/' || id || '.json', '{"size": 1}', '{"sha256": "v1:1"}'
       from unnest($1::text[]) id on conflict do nothing`,
      [taken],
    );
    await stack.supabase.catalogue.enqueue(batch, taken, []);
    expect(await open()).toMatchObject({ pass, complete: true });
    await anIntervalPasses();
  }
  const state = async (id: string) => (await documentRow(stack, 'codes', id))?.state;

  it('is superseded, and as it was when it is listed again', async () => {
    const [stays = '', leaves = ''] = ids(2);
    await passOf(1, [stays, leaves]);
    await passOf(2, [stays]);
    expect([await state(stays), await state(leaves)]).toEqual(['stored', 'superseded']);
    await passOf(3, [stays, leaves]);
    expect(await documentRow(stack, 'codes', leaves)).toMatchObject({ state: 'stored', due_in: null });
  });

  it('is due when it comes back with another signal', async () => {
    const [stays = '', leaves = ''] = ids(2);
    await passOf(1, [stays, leaves]);
    await passOf(2, [stays]);
    await open();
    await stack.supabase.catalogue.splitSlice(await claim(1, 3), [{ code: 'LEGITEXT1' }]);
    await register(await claim(1, 3), [leaves], {}, 'r2');
    expect(await documentRow(stack, 'codes', leaves)).toMatchObject({ state: 'discovered' });
    expect(await open()).toMatchObject({ due: 1 });
  });

  it('is not superseded by another source that does not list it', async () => {
    await passOf(1, ids(2));
    await open();
    await stack.supabase.catalogue.splitSlice(await claim(1, 2), [{ code: 'LEGITEXT2' }]);
    await register(await claim(1, 2), []);
    expect(await state(articleId(1))).toBe('stored');
  });
});
