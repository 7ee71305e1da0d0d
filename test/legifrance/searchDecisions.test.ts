import { DECISIONS, idOf, numbers, searchAnswer } from './samples.ts';
import { inTime, withApi } from './support.ts';

/**
 * A decision in a search answer: only its title identifies it, and the snippet depends on the
 * query.
 */
const decision = (number: number, more: object = {}): object => ({
  titles: [
    {
      id: idOf('CETATEXT', number),
      cid: idOf('CETATEXT', number),
      title: `CAA de LYON, ${number}`,
      legalStatus: null,
      startDate: null,
      endDate: null,
      nature: null,
    },
  ],
  text: '[...] <mark>urbanisme</mark> [...]',
  etat: null,
  solution: null,
  date: null,
  num: null,
  sections: [
    { id: null, extracts: [{ id: null, searchFieldName: 'Abstrat', values: ['<mark>URBANISME</mark>'] }] },
  ],
  ...more,
});

describe('a search of decisions', () => {
  it('requests one page, oldest first, within the window, and sends only what the fond accepts', async () => {
    await withApi({ api: () => searchAnswer([], 0) }, async ({ legifrance, asked }) => {
      await legifrance.search(
        { ...DECISIONS, window: { from: '2025-01-01', to: '2025-01-31', field: 'decided' } },
        3,
        100,
        inTime(),
      );
      expect(asked).toEqual([
        {
          path: '/search',
          token: 'token-1',
          body: {
            fond: 'CETAT',
            recherche: {
              champs: [
                {
                  typeChamp: 'ALL',
                  operateur: 'ET',
                  criteres: [
                    {
                      typeRecherche: 'TOUS_LES_MOTS_DANS_UN_CHAMP',
                      valeur: 'urbanisme',
                      operateur: 'ET',
                      proximite: 2,
                    },
                  ],
                },
              ],
              filtres: [{ facette: 'DATE_DECISION', dates: { start: '2025-01-01', end: '2025-01-31' } }],
              operateur: 'ET',
              pageNumber: 3,
              pageSize: 100,
              fromAdvancedRecherche: false,
              sort: 'DATE_ASC',
              typePagination: 'DEFAUT',
            },
          },
        },
      ]);
    });
  });

  it('can select by the day on which decisions were added to the fond', async () => {
    await withApi({ api: () => searchAnswer([], 0) }, async ({ legifrance, asked }) => {
      const window = { from: '2025-01-01', to: '2025-01-31', field: 'added' } as const;
      await legifrance.search({ ...DECISIONS, window }, 1, 50, inTime());
      expect(asked[0]?.body).toMatchObject({
        recherche: {
          filtres: [{ facette: 'DATE_VERSEMENT', dates: { start: '2025-01-01', end: '2025-01-31' } }],
          pageSize: 50,
        },
      });
    });
  });

  it('lists each decision once, and returns the total of the API', async () => {
    const results = [
      decision(1),
      decision(2),
      decision(1),
      { titles: null },
      { titles: [{ id: 'CNILTEXT1' }] },
    ];
    await withApi({ api: () => searchAnswer(results, 51_531) }, async ({ legifrance }) => {
      const page = await legifrance.search(DECISIONS, 1, 100, inTime());
      expect(page.total).toBe(51_531);
      expect(page.documents.map((one) => one.id)).toEqual([idOf('CETATEXT', 1), idOf('CETATEXT', 2)]);
      expect(page.documents[0]?.revision).toMatch(/^r1:[0-9a-f]{16}$/);
    });
  });

  it('returns a revision that depends on the decision, not on the query or the server', async () => {
    let hit = decision(1);
    await withApi({ api: () => searchAnswer([hit], 1) }, async ({ legifrance }) => {
      const revision = async (): Promise<string | undefined> =>
        (await legifrance.search(DECISIONS, 1, 100, inTime())).documents[0]?.revision;
      const first = await revision();
      hit = decision(1, { text: 'another snippet', sections: [], resumePrincipal: ['x'] });
      expect(await revision()).toBe(first);
      hit = decision(1, { solution: 'Rejet' });
      expect(await revision()).not.toBe(first);
    });
  });

  it.each([
    {
      what: 'a short page that ends with the total is the last',
      hits: 99,
      total: 199,
      number: 2,
      last: true,
    },
    {
      what: 'a short page far from the total is not the last',
      hits: 99,
      total: 5_000,
      number: 1,
      last: false,
    },
    { what: 'a short page with a total of 0 is the last', hits: 99, total: 0, number: 1, last: true },
    { what: 'an empty page is the last', hits: 0, total: 5_000, number: 2, last: true },
    { what: 'absent results count as an empty page', hits: null, total: 0, number: 1, last: true },
    { what: 'a full page in the middle is not the last', hits: 100, total: 5_000, number: 2, last: false },
    {
      what: 'a full page that ends exactly with the total is not the last',
      hits: 100,
      total: 200,
      number: 2,
      last: false,
    },
    { what: 'a total of 0 with a full page is ignored', hits: 100, total: 0, number: 1, last: false },
    {
      what: 'the hundredth page is the last within reach',
      hits: 100,
      total: 51_531,
      number: 100,
      last: true,
    },
  ])('recognises the last page: $what', async ({ hits, total, number, last }) => {
    const results = hits === null ? null : numbers(hits).map((n) => decision(n));
    await withApi({ api: () => searchAnswer(results, total) }, async ({ legifrance }) => {
      const page = await legifrance.search(DECISIONS, number, 100, inTime());
      expect(page).toMatchObject({ last, total });
      expect(page.documents).toHaveLength(hits ?? 0);
    });
  });

  it.each([
    {
      what: 'full, and the total ends with it',
      hits: 100,
      total: 10_000,
      number: 100,
      overfull: true,
    },
    { what: 'full, and the total is far larger', hits: 100, total: 51_531, number: 100, overfull: true },
    { what: 'short', hits: 99, total: 9_999, number: 100, overfull: false },
    { what: 'full, but not the last', hits: 100, total: 9_950, number: 99, overfull: false },
  ])('reports whether there may be hits beyond the last page within reach: $what', async (page) => {
    const results = numbers(page.hits).map((n) => decision(n));
    await withApi({ api: () => searchAnswer(results, page.total) }, async ({ legifrance }) => {
      const { overfull } = await legifrance.search(DECISIONS, page.number, 100, inTime());
      expect(overfull).toBe(page.overfull);
    });
  });

  it.each([
    [101, 100],
    [101, 50],
    [0, 100],
    [1, 0],
    [1, 101],
    [1.5, 100],
    [Number.NaN, 100],
  ])('never requests page %p of %p hits', async (number, size) => {
    await withApi({ api: () => searchAnswer([], 0) }, async ({ legifrance, asked }) => {
      await expect(legifrance.search(DECISIONS, number, size, inTime())).rejects.toMatchObject({
        code: 'LEGIFRANCE_REJECTED',
      });
      expect(asked).toEqual([]);
    });
  });
});
