import { idRange } from '../support/enumeration.ts';
import { code, passesOf, year } from '../support/passes.ts';
import { articleId, batchOf, emptyTables } from '../support/queue.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

/**
 * The listings of a pass in progress are in two unlogged tables. A crash of PostgreSQL empties
 * them, and keeps everything else. A listing that was lost in part must not look complete.
 */

const IDS = idRange(4);
const [A = '', B = '', C = '', D = ''] = IDS;

let stack: SupabaseStack;
const passes = passesOf(() => stack);

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

/** Does what a crash of PostgreSQL does. */
const crash = () => stack.sql('truncate legisync.listing_rounds, legisync.listing_documents');

/** The ids that are absent in the catalogue, and those that are superseded. */
async function gone(): Promise<{ absent: readonly string[]; superseded: readonly string[] }> {
  const rows = await stack.sql<{ id: string; state: string; absent_since: number | null }>(
    'select id, state, absent_since from legisync.documents order by id',
  );
  const idsOf = (some: typeof rows): string[] => some.map(({ id }) => id);
  return {
    absent: idsOf(rows.filter((row) => row.absent_since !== null)),
    superseded: idsOf(rows.filter((row) => row.state === 'superseded')),
  };
}
const NONE = { absent: [], superseded: [] };

it('a crash empties the tables of the listing, and no other: they are unlogged', async () => {
  const unlogged = await stack.sql<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
      where c.relnamespace in ('legisync'::regnamespace, 'public'::regnamespace) and c.relkind = 'r' and c.relpersistence = 'u'
      order by 1`,
  );
  expect(unlogged.map(({ name }) => name)).toEqual(['legisync.listing_documents', 'legisync.listing_rounds']);
});

describe('a listing of several pages that a crash cuts short', () => {
  const TABLE = code('LEGITEXT1', IDS);

  beforeEach(async () => {
    await passes.whole({ codes: [TABLE] });
    await passes.begin({ codes: [TABLE] });
  });

  it('is begun again at its first page, by any batch, and supersedes nothing', async () => {
    const slice = await passes.lease(TABLE.key);
    expect(await passes.register(slice, [A, B], 'continue')).toMatchObject({ outcome: 'open' });
    await crash();
    const second = { ...slice, page: 2 };
    expect(await passes.register(second, [C, D], 'whole')).toEqual({ outcome: 'lost', discovered: 0 });
    expect(await gone()).toEqual(NONE);

    const { catalogue } = stack.supabase;
    const other = { collection: 'codes', workflow: 'another', run: 'run', sequence: 1 };
    const again = await catalogue.leaseSlice(other, slice.pass, 60);
    expect(again).toMatchObject({ id: slice.id, page: 1, round: 1 });
    if (again === null) throw new Error('no slice');
    await catalogue.releaseSlice(other, again);
    // The whole listing again.
    expect(await passes.register(await passes.lease(TABLE.key), IDS.slice(0, 3), 'whole')).toMatchObject({
      outcome: 'complete',
    });
    expect(await gone()).toEqual({ absent: [D], superseded: [D] });
  });

  it('is begun again also if another batch reads the next page', async () => {
    await passes.register(await passes.lease(TABLE.key), [A, B], 'release');
    await crash();
    const next = await passes.lease(TABLE.key);
    expect(next.page).toBe(2);
    expect(await passes.register(next, [C, D], 'whole')).toMatchObject({ outcome: 'lost' });
    expect(await passes.lease(TABLE.key)).toMatchObject({ page: 1 });
    expect(await gone()).toEqual(NONE);
  });

  it('is not completed by a late duplicate of its first page', async () => {
    const slice = await passes.lease(TABLE.key);
    await passes.register(slice, [A, B], 'continue');
    await crash();
    expect(await passes.register(slice, [A, B], 'continue')).toMatchObject({ outcome: 'lost' });
    const again = await passes.lease(TABLE.key);
    expect(again.page).toBe(1);
    await passes.register(again, IDS, 'whole');
    expect(await gone()).toEqual(NONE);
  });

  it('keeps its later pages if the call for its first page is repeated late, without any crash', async () => {
    const first = await passes.lease(TABLE.key);
    await passes.register(first, [A, B], 'continue');
    await passes.register({ ...first, page: 2 }, [C], 'continue');
    expect(await passes.register(first, [A, B], 'continue')).toMatchObject({ outcome: 'open' });
    expect(await passes.register({ ...first, page: 3 }, [D], 'whole')).toMatchObject({ outcome: 'complete' });
    expect(await gone()).toEqual(NONE);
  });

  it('that was complete before the crash was judged before it', async () => {
    await passes.register(await passes.lease(TABLE.key), [A, B, C], 'whole');
    await crash();
    await passes.end();
    expect(await gone()).toEqual({ absent: [D], superseded: [D] });
    await passes.whole({ codes: [TABLE] });
    expect(await gone()).toEqual(NONE);
  });
});

describe('a search that a crash cuts short', () => {
  const [ONE, TWO] = [year(2024, [A, B]), year(2025, [C, D])];

  beforeEach(() => passes.whole({ s: [ONE, TWO] }));

  it('between two pages begins its round again, and needs two whole rounds from there', async () => {
    await passes.begin({ s: [ONE, TWO] });
    const slice = await passes.lease(ONE.key);
    await passes.register(slice, [A], 'continue');
    await crash();
    expect(await passes.register({ ...slice, page: 2 }, [B], 'round')).toMatchObject({ outcome: 'lost' });
    await passes.read(ONE);
    await passes.read(TWO);
    await passes.end();
    expect(await gone()).toEqual(NONE);
  });

  it('between two rounds is read a third time: a lost round agrees with none', async () => {
    await passes.begin({ s: [ONE, TWO] });
    await passes.register(await passes.lease(ONE.key), [], 'round');
    await crash();
    expect(await passes.register(await passes.lease(ONE.key), [], 'round')).toMatchObject({
      outcome: 'open',
    });
    expect(await passes.register(await passes.lease(ONE.key), [], 'round')).toMatchObject({
      outcome: 'complete',
    });
    await passes.read(TWO);
    await passes.end();
    expect(await gone()).toEqual({ absent: [A, B], superseded: [] });
  });

  it('between two slices judges nothing in this pass, and everything in the next one', async () => {
    // A has moved to the other year. B is in neither.
    const [first, second] = [year(2024, []), year(2025, [A, C, D])];
    await passes.begin({ s: [first, second] });
    await passes.read(second);
    await crash();
    await passes.read(first);
    expect(await gone()).toEqual(NONE);
    await passes.end();
    expect(await gone()).toEqual(NONE);
    await passes.whole({ s: [first, second] });
    expect(await gone()).toEqual({ absent: [B], superseded: [] });
  });

  it('after its last page ends the pass all the same', async () => {
    await passes.begin({ s: [ONE, TWO] });
    await passes.read(ONE);
    await passes.read(TWO);
    await crash();
    await passes.end();
    expect(await gone()).toEqual(NONE);
  });
});

describe('a split', () => {
  const batch = batchOf('codes', 1);

  it('after the first page forgets what the slice had listed', async () => {
    await passes.begin({ s: [year(2024, [])] });
    const slice = await passes.lease(year(2024, []).key);
    await passes.register(slice, [articleId(9)], 'continue');
    await stack.supabase.catalogue.splitSlice(batch, slice, [{ kind: 'undated' }]);
    expect(await stack.sql('select from legisync.listing_documents')).toEqual([]);
    expect(await stack.sql('select from legisync.listing_rounds')).toEqual([]);
  });

  it('into the slice itself is refused: nothing would replace it', async () => {
    const { key } = year(2024, []);
    await passes.begin({ s: [year(2024, [])] });
    const slice = await passes.lease(key);
    await expect(
      stack.supabase.catalogue.splitSlice(batch, slice, [{ kind: 'undated' }, key]),
    ).rejects.toMatchObject({ message: expect.stringContaining('p_keys') as string });
    expect(await passes.lease(key)).toEqual(slice);
  });
});
