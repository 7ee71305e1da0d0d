import type { ActivityDeps } from '../../src/activities/deps.ts';
import type { SearchSource, Source } from '../../src/contract/collections.ts';
import { LegisyncError } from '../../src/contract/failures.ts';
import type { Legifrance } from '../../src/legifrance/types.ts';
import type { SlicePage } from '../../src/supabase/types.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import { Attempt, batchOf, fetchMassive, withCollection } from './support.ts';

const LONG = 'LEGITEXT000000000915';
const ARTICLES = 4_500;
const codes: Source[] = [{ kind: 'codes', name: 'codes', codes: [LONG] }];
const search: SearchSource = { kind: 'search', name: 'articles', fond: 'CODE_DATE', query: 'urbanisme' };

describe('a step of a slice', () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await openStack({
      legifrance: {
        codes: [],
        syntheticCodes: [{ id: LONG, title: 'Code long', articles: ARTICLES, urbanisme: 250 }],
      },
    });
  });
  beforeEach(() => stack.simulator.control.resetStats());
  afterAll(() => stack.close());

  /** `deps` that record each page, and call `before` before it. */
  function watched(
    deps: ActivityDeps,
    before: (page: SlicePage, index: number) => Promise<void> = () => Promise.resolve(),
  ): { deps: ActivityDeps; pages: string[] } {
    const pages: string[] = [];
    const { catalogue } = deps;
    const registerSlice: typeof catalogue.registerSlice = async (batch, slice, page, ...rest) => {
      await before(page, pages.length);
      const registered = await catalogue.registerSlice(batch, slice, page, ...rest);
      pages.push(`${page.page} ${page.action} ${page.documents.length}: ${registered.outcome}`);
      return registered;
    };
    return { deps: { ...deps, catalogue: { ...catalogue, registerSlice } }, pages };
  }

  const slices = (collection: string) =>
    stack.sql<{ kind: string; state: string; page: number; holder: unknown }>(
      'select kind, state, page, holder from legisync.slices where collection = $1 order by id',
      [collection],
    );

  /** Another batch took the slice, and its lease has ended. The listed documents are collected. */
  const loseSlice = async (collection: string): Promise<void> => {
    await stack.sql(
      `update legisync.documents set state = 'stored', stored_at = now(), next_attempt_at = null where category = $1`,
      [collection],
    );
    await stack.sql(
      `update legisync.slices set holder = row ('another', 'run', 1)::legisync.batch, held_until = now() - interval '1 second'
        where collection = $1 and held_until is not null`,
      [collection],
    );
  };

  it('writes a table of contents in chunks, one per page; the last one completes it', async () => {
    const { deps, pages } = watched(withCollection(stack.deps, 'chunks', codes));
    const { discovered } = await fetchMassive(deps, batchOf('chunks'));
    expect(discovered).toBe(ARTICLES);
    expect(pages).toEqual(['1 continue 2000: open', '2 continue 2000: open', '3 whole 500: complete']);
    expect(await slices('chunks')).toMatchObject([
      { kind: 'source', state: 'split', holder: null },
      { kind: 'code', state: 'complete', holder: null },
    ]);
  });

  it('stops in a table of contents that another batch has taken, which reads it again from its beginning', async () => {
    const { deps, pages } = watched(withCollection(stack.deps, 'lost-code', codes), async (_, index) => {
      if (index === 1) await loseSlice('lost-code');
    });
    const { discovered } = await fetchMassive(deps, batchOf('lost-code'));
    expect(discovered).toBe(ARTICLES);
    expect(pages).toEqual([
      '1 continue 2000: open',
      '2 continue 2000: lost',
      '1 continue 2000: open',
      '2 continue 2000: open',
      '3 whole 500: complete',
    ]);
    expect(stack.simulator.control.stats().api.byPath).toMatchObject({ '/consult/legi/tableMatieres': 2 });
  });

  it('reads a search page by page, releases it after each round, and stops if it lost the slice', async () => {
    const { deps, pages } = watched(withCollection(stack.deps, 'lost-search', [search]), async (_, index) => {
      if (index === 1) await loseSlice('lost-search');
    });
    const { discovered } = await fetchMassive(deps, batchOf('lost-search'));
    expect(discovered).toBe(250);
    expect(pages).toEqual([
      '1 continue 100: open',
      '2 continue 100: lost',
      '2 continue 100: open',
      '3 round 50: open',
      '1 continue 100: open',
      '2 continue 100: open',
      '3 round 50: complete',
    ]);
  });

  it('begins a round again if a crash of PostgreSQL has emptied its pages', async () => {
    const { deps, pages } = watched(withCollection(stack.deps, 'crashed', [search]), async (_, index) => {
      // A crash empties unlogged tables.
      if (index === 2) await stack.sql('truncate legisync.listing_rounds, legisync.listing_documents');
    });
    // Two batches: their enumeration is ahead by 400 documents.
    await new Attempt().fetch(deps, { batch: batchOf('crashed'), batches: 2, limit: 100, mode: 'massive' });
    expect(pages.slice(0, 6)).toEqual([
      '1 continue 100: open',
      '2 continue 100: open',
      '3 round 50: lost',
      '1 continue 100: open',
      '2 continue 100: open',
      '3 round 50: open',
    ]);
    expect(await slices('crashed')).toMatchObject([{ state: 'complete' }]);
  });

  it('releases its slice unchanged when the quota is spent, so that any batch can take it at once', async () => {
    const deps = withCollection(stack.deps, 'spent', [search]);
    const spent: Legifrance['search'] = (query, page, ...rest) =>
      page === 2
        ? Promise.reject(new LegisyncError('QUOTA_SPENT', 'Spent.', { retryAfterMs: 90_000 }))
        : stack.legifrance.search(query, page, ...rest);
    const legifrance = { ...stack.legifrance, search: spent };
    const first = await fetchMassive({ ...deps, legifrance }, batchOf('spent', 1));
    expect(first).toMatchObject({ ids: [], reason: 'quota', waitMs: 90_000 });
    expect(await slices('spent')).toMatchObject([{ state: 'open', page: 2, holder: null }]);

    const { deps: others, pages } = watched(deps);
    await fetchMassive(others, batchOf('spent', 2));
    expect(pages[0]).toBe('2 continue 100: open');
  });

  it('says why nothing is collected if the slice that was listed failed', async () => {
    const deps = withCollection(stack.deps, 'broken', [search]);
    const broken: Legifrance['search'] = () =>
      Promise.reject(new LegisyncError('LEGIFRANCE_UNAVAILABLE', 'Légifrance answered 503.'));
    const legifrance = { ...stack.legifrance, search: broken };
    const first = await fetchMassive({ ...deps, legifrance }, batchOf('broken', 1));
    expect(first).toMatchObject({
      ids: [],
      reason: 'enumerating',
      problem: { code: 'LEGIFRANCE_UNAVAILABLE', message: 'Légifrance answered 503.' },
    });
    // Until the slice is tried again. The failure was reported when it happened.
    const second = await fetchMassive({ ...deps, legifrance }, batchOf('broken', 2));
    expect(second).toMatchObject({ ids: [], reason: 'enumerating' });
    expect(second.problem).toBeUndefined();
  });

  it('releases a search after ten pages, at the next page', async () => {
    const deps = withCollection(stack.deps, 'long', [search]);
    const endless: Legifrance['search'] = (_query, page) => {
      const id = `LEGIARTI${String(page).padStart(12, '0')}`;
      return Promise.resolve({
        documents: [{ id, revision: 'r1:1' }],
        total: 5_000,
        last: false,
        overfull: false,
      });
    };
    const { deps: seen, pages } = watched({ ...deps, legifrance: { ...stack.legifrance, search: endless } });
    await fetchMassive(seen, batchOf('long'));
    expect(pages.filter((page) => page.includes('release'))[0]).toBe('10 release 1: open');
    // One call has six steps.
    expect(await slices('long')).toMatchObject([{ state: 'open', page: 61, holder: null }]);
  });

  it('parks the slice of a source whose kind has changed since the pass began', async () => {
    const before = withCollection(stack.deps, 'kinds', [{ kind: 'codes', name: 'both', codes: [LONG] }]);
    await before.catalogue.openPass('kinds', ['both'], 3_600);
    const { deps } = watched(before);
    const lease = await deps.catalogue.leaseSlice(batchOf('kinds'), 1, 60);
    if (lease === null) throw new Error('There is no slice.');
    await deps.catalogue.splitSlice(batchOf('kinds'), lease, [{ kind: 'code', code: LONG }]);

    const after = withCollection(stack.deps, 'kinds', [{ ...search, name: 'both' }]);
    expect((await fetchMassive(after, batchOf('kinds', 2))).reason).toBe('pass');
    const { parkedSlices } = await after.catalogue.counts('kinds');
    expect(parkedSlices).toMatchObject([
      { source: 'both', key: { kind: 'code', code: LONG }, code: 'CONFIG_INVALID' },
    ]);
    expect(parkedSlices[0]?.message).toContain('is of kind "search" now');
    expect(stack.simulator.control.stats().api.total).toBe(0);
  });
});
