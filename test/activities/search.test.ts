import type { Source } from '../../src/contract/collections.ts';
import type { Legifrance } from '../../src/legifrance/types.ts';
import type { ActivityDeps } from '../../src/activities/deps.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import { batchOf, fetchMassive, withCollection, type Fetched } from './support.ts';

/** More than the 10,000 that one search can reach. */
const DECISIONS = 10_200;
const decisions: Source = { kind: 'search', name: 'decisions', fond: 'CETAT', query: 'urbanisme' };
const articles: Source = { kind: 'search', name: 'articles', fond: 'CODE_DATE', query: 'urbanisme' };

/** Maximum number of turns of each lane. Reaching it means a bug. */
const MAX_ROUNDS = 150;

describe('fetchDocuments, MASSIVE, by search', () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await openStack({
      legifrance: {
        codes: [],
        syntheticCodes: [{ id: 'LEGITEXT000000000921', title: 'Code', articles: 150, urbanisme: 130 }],
        decisions: DECISIONS,
        urbanismeShare: 1,
        rate: 100_000,
      },
    });
  });
  beforeEach(() => stack.simulator.control.resetStats());
  afterAll(() => stack.close());

  /**
   * Runs concurrent lanes until the pass is complete. Their documents count as collected at once.
   */
  async function enumerate(
    deps: ActivityDeps,
    collection: string,
    lanes: number,
  ): Promise<{ taken: string[]; discovered: number }> {
    const taken: string[] = [];
    let discovered = 0;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const results: Fetched[] = await Promise.all(
        Array.from({ length: lanes }, (_, lane) =>
          fetchMassive(deps, batchOf(collection, round * lanes + lane)),
        ),
      );
      for (const { ids, discovered: found } of results) {
        taken.push(...ids);
        discovered += found;
      }
      if (results.every(({ reason }) => reason === 'pass')) return { taken, discovered };
      await stack.sql(
        `update legisync.documents set state = 'stored', next_attempt_at = null,
                holder = null, held_since = null, held_until = null
          where category = $1 and held_until is not null`,
        [collection],
      );
    }
    throw new Error(`${MAX_ROUNDS} rounds did not end the pass of ${collection}.`);
  }

  const slices = (collection: string) =>
    stack.sql<{
      kind: string;
      from: string | null;
      to: string | null;
      state: string;
      round: number;
      code: string | null;
    }>(
      `select kind, window_from::text as from, window_to::text as to, state, round, code
         from legisync.slices where collection = $1 order by id`,
      [collection],
    );

  it('cuts a search of more than 9,500 hits by date until every hit is reached once, with three lanes, and changes nothing in a second pass', async () => {
    const deps = withCollection(stack.deps, 'many', [decisions]);
    const { taken, discovered } = await enumerate(deps, 'many', 3);
    expect(discovered).toBe(DECISIONS);
    expect(taken).toHaveLength(DECISIONS);
    expect(new Set(taken).size).toBe(DECISIONS);
    const [row] = await stack.sql<{ n: number }>(
      `select count(*)::int as n from legisync.documents where category = 'many'`,
    );
    expect(row).toEqual({ n: DECISIONS });

    const all = await slices('many');
    expect(new Set(all.map(({ state }) => state))).toEqual(new Set(['split', 'complete']));
    const complete = all.filter(({ state }) => state === 'complete');
    // Besides the windows there is the slice of undated documents, which is empty here.
    const windows = complete.filter(({ kind }) => kind === 'window');
    expect(complete.filter(({ kind }) => kind !== 'window')).toMatchObject([{ kind: 'undated' }]);
    windows.sort((a, b) => ((a.from ?? '') < (b.from ?? '') ? -1 : 1));
    // Adjacent windows, from the first day of the API to a year from now.
    expect(windows[0]?.from).toBe('1800-01-01');
    windows.forEach(({ to }, n) => {
      const next = windows[n + 1]?.from;
      if (next != null) expect(Date.parse(next) - Date.parse(to ?? '')).toBe(86_400_000);
    });

    // A second pass, after the collection of all documents, changes nothing.
    const states = () =>
      stack.sql(
        'select state, count(*)::int as n from legisync.documents where category = $1 group by state',
        ['many'],
      );
    await stack.sql(`update legisync.documents set stored_at = now() where category = $1`, ['many']);
    const before = await states();
    expect(before).toEqual([{ state: 'stored', n: DECISIONS }]);
    await stack.sql(
      `update legisync.passes set completed_at = now() - interval '2 days' where collection = $1`,
      ['many'],
    );
    expect((await enumerate(deps, 'many', 1)).discovered).toBe(0);
    expect(await states()).toEqual(before);
    expect((await deps.catalogue.counts('many')).pass).toBe(2);
  });

  it('invariant 10: cuts by date, or parks, a search whose last page is full although its total is smaller', async () => {
    const deps = withCollection(stack.deps, 'modest', [decisions]);
    const search: Legifrance['search'] = async (query, number, ...rest) => {
      const page = await stack.legifrance.search(query, number, ...rest);
      if (page.total <= 10_000) return page;
      // Page 100 at once, to save the requests before it.
      return { ...(await stack.legifrance.search(query, 100, ...rest)), total: 9_000 };
    };
    const { discovered } = await enumerate(
      { ...deps, legifrance: { ...stack.legifrance, search } },
      'modest',
      1,
    );
    expect(discovered).toBe(DECISIONS);

    const full = { documents: [], total: 500, last: true, overfull: true };
    const uncut = withCollection(stack.deps, 'uncut', [articles]);
    const legifrance = { ...stack.legifrance, search: () => Promise.resolve(full) };
    expect(await fetchMassive({ ...uncut, legifrance }, batchOf('uncut', 1))).toMatchObject({
      reason: 'pass',
    });
    const { parkedSlices } = await uncut.catalogue.counts('uncut');
    expect(parkedSlices).toMatchObject([{ source: 'articles', code: 'LEGIFRANCE_REJECTED' }]);
    expect(parkedSlices[0]?.message).toContain('is full, though the search reports a total of 500');
  });

  it('invariant 10: parks the number of documents that are in no window, if a search was cut by date', async () => {
    const deps = withCollection(stack.deps, 'undated', [decisions]);
    const search: Legifrance['search'] = async (query, ...rest) => {
      const page = await stack.legifrance.search(query, ...rest);
      return query.window === undefined ? { ...page, total: page.total + 37 } : page;
    };
    const legifrance = { ...stack.legifrance, search };
    expect((await enumerate({ ...deps, legifrance }, 'undated', 2)).discovered).toBe(DECISIONS);
    const { parkedSlices } = await deps.catalogue.counts('undated');
    expect(parkedSlices).toMatchObject([
      { source: 'decisions', key: { kind: 'undated' }, code: 'LEGIFRANCE_REJECTED' },
    ]);
    expect(parkedSlices[0]?.message).toContain(`37 of ${DECISIONS + 37} results have no date`);
  });

  it('reads a search twice, because its pages may shift, and completes it if both rounds are equal', async () => {
    const deps = withCollection(stack.deps, 'twice', [articles]);
    const { ids, discovered } = await fetchMassive(deps, batchOf('twice', 1));
    expect(ids).toHaveLength(100);
    expect(discovered).toBe(130);
    expect(stack.simulator.control.stats().api.byPath).toEqual({ '/search': 4 });
    expect(await slices('twice')).toMatchObject([{ state: 'complete', round: 2 }]);
  });

  it('reads a search until two rounds are equal, and parks it if its rounds always differ', async () => {
    const window = { from: '2024-12-31', to: '2099-12-31', field: 'decided' } as const;
    const restless = (additions: number) => ({
      ...stack.legifrance,
      search: (...[query, number, size, signal]: Parameters<typeof stack.legifrance.search>) => {
        if (number === 1 && additions > 0) {
          additions -= 1;
          stack.simulator.control.addDecisions(1);
        }
        return stack.legifrance.search({ ...query, window }, number, size, signal);
      },
    });
    const late = withCollection(stack.deps, 'late', [decisions]);
    await enumerate({ ...late, legifrance: restless(3) }, 'late', 1);
    expect(await slices('late')).toMatchObject([{ state: 'complete', round: 4 }]);

    const never = withCollection(stack.deps, 'never', [decisions]);
    await enumerate({ ...never, legifrance: restless(100) }, 'never', 1);
    expect(await slices('never')).toMatchObject([{ state: 'parked', code: 'ENUMERATION_UNSTABLE' }]);
  });

  it('leaves the reserve of the quota to MAINTENANCE: listings of MASSIVE have a rank of their own', async () => {
    const ranks: (number | undefined)[] = [];
    const deps = withCollection(stack.deps, 'ranked', [articles, { kind: 'codes', name: 'codes' }]);
    const legifrance: Legifrance = {
      ...stack.legifrance,
      search: (query, number, size, signal, rank) => {
        ranks.push(rank);
        return stack.legifrance.search(query, number, size, signal, rank);
      },
      listCodes: (signal, rank) => {
        ranks.push(rank);
        return stack.legifrance.listCodes(signal, rank);
      },
      tableOfContents: (code, day, signal, rank) => {
        ranks.push(rank);
        return stack.legifrance.tableOfContents(code, day, signal, rank);
      },
    };
    await enumerate({ ...deps, legifrance }, 'ranked', 1);
    expect(ranks.length).toBeGreaterThanOrEqual(6);
    expect(new Set(ranks)).toEqual(new Set([2]));
  });

  it('invariant 10: lists the reachable part of a search that is too large and cannot be cut, and parks it', async () => {
    const deps = withCollection(stack.deps, 'large', [articles]);
    const search: Legifrance['search'] = (_query, page) => {
      const id = `LEGIARTI${String(page).padStart(12, '0')}`;
      const end = page === 100;
      return Promise.resolve({
        documents: [{ id, revision: 'r1:1' }],
        total: 12_000,
        last: end,
        overfull: end,
      });
    };
    const legifrance = { ...stack.legifrance, search };
    expect((await enumerate({ ...deps, legifrance }, 'large', 1)).discovered).toBe(100);
    const { parkedSlices } = await deps.catalogue.counts('large');
    expect(parkedSlices).toMatchObject([{ source: 'articles', code: 'LEGIFRANCE_REJECTED' }]);
    expect(parkedSlices[0]?.message).toContain('Narrow the query');
  });
});
