import fc from 'fast-check';
import type { SearchQuery } from '../../src/legifrance/types.ts';
import { ARTICLE, articleAnswer, failureOf, inTime, withStage, type Asked } from './support.ts';

const DAY = '2026-01-31';
const CODE = 'LEGITEXT000031366350';
const decisions: SearchQuery = { fond: 'CETAT', query: 'urbanisme', day: DAY };
const articles: SearchQuery = { fond: 'CODE_DATE', query: 'urbanisme', day: DAY };

const id = (prefix: string, number: number): string => `${prefix}${String(number).padStart(12, '0')}`;

/** A decision as a search shows it: nothing but a title tells it apart, and the snippet changes with the query. */
const decision = (number: number, more: object = {}): object => ({
  titles: [
    {
      id: id('CETATEXT', number),
      cid: id('CETATEXT', number),
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

const answer = (results: unknown, total: unknown, more: object = {}): object => ({
  executionTime: 83,
  totalResultNumber: total,
  totalArticleResultNumber: 0,
  results,
  facets: null,
  ...more,
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

describe('a search of decisions', () => {
  it('asks for one page, oldest first, within the window, and says no more than the fond understands', async () => {
    await withStage({ api: () => answer([], 0) }, async ({ legifrance, asked }) => {
      await legifrance.search(
        { ...decisions, window: { from: '2025-01-01', to: '2025-01-31', field: 'decided' } },
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

  it('asks by the day of addition to the base where that is meant', async () => {
    await withStage({ api: () => answer([], 0) }, async ({ legifrance, asked }) => {
      await legifrance.search(
        { ...decisions, window: { from: DAY, to: DAY, field: 'added' } },
        1,
        50,
        inTime(),
      );
      expect(asked[0]?.body).toMatchObject({
        recherche: {
          filtres: [{ facette: 'DATE_VERSEMENT', dates: { start: DAY, end: DAY } }],
          pageSize: 50,
        },
      });
    });
  });

  it('can ask for the days on which decisions came into the base', async () => {
    await withStage({ api: () => answer([], 0) }, async ({ legifrance, asked }) => {
      const window = { from: '2025-01-01', to: '2025-01-31', field: 'added' } as const;
      await legifrance.search({ ...decisions, window }, 1, 50, inTime());
      expect(asked[0]?.body).toMatchObject({
        recherche: {
          filtres: [{ facette: 'DATE_VERSEMENT', dates: { start: '2025-01-01', end: '2025-01-31' } }],
        },
      });
    });
  });

  it('lists each decision once, with what the API says the total is', async () => {
    const results = [
      decision(1),
      decision(2),
      decision(1),
      { titles: null },
      { titles: [{ id: 'CNILTEXT1' }] },
    ];
    await withStage({ api: () => answer(results, 51_531) }, async ({ legifrance }) => {
      const page = await legifrance.search(decisions, 1, 100, inTime());
      expect(page.total).toBe(51_531);
      expect(page.documents.map((one) => one.id)).toEqual([id('CETATEXT', 1), id('CETATEXT', 2)]);
      expect(page.documents[0]?.revision).toMatch(/^r1:[0-9a-f]{16}$/);
    });
  });

  it('gives a revision that follows the decision, not the query or the server', async () => {
    let hit = decision(1);
    await withStage({ api: () => answer([hit], 1) }, async ({ legifrance }) => {
      const revision = async (): Promise<string | undefined> =>
        (await legifrance.search(decisions, 1, 100, inTime())).documents[0]?.revision;
      const first = await revision();
      hit = decision(1, { text: 'another snippet', sections: [], resumePrincipal: ['x'] });
      expect(await revision()).toBe(first);
      hit = decision(1, { solution: 'Rejet' });
      expect(await revision()).not.toBe(first);
    });
  });

  it.each([
    { what: 'a short page where the total ends is the last', hits: 99, total: 199, number: 2, last: true },
    { what: 'a short page far from the total is not', hits: 99, total: 5_000, number: 1, last: false },
    { what: 'a short page with a total of 0 is', hits: 99, total: 0, number: 1, last: true },
    { what: 'an empty page is the last', hits: 0, total: 5_000, number: 2, last: true },
    { what: 'absent results are an empty page', hits: null, total: 0, number: 1, last: true },
    { what: 'a full page in the middle is not', hits: 100, total: 5_000, number: 2, last: false },
    { what: 'nor is one that ends exactly at the total', hits: 100, total: 200, number: 2, last: false },
    { what: 'a total of 0 beside a full page is not believed', hits: 100, total: 0, number: 1, last: false },
    {
      what: 'the hundredth page is the last that can be had',
      hits: 100,
      total: 51_531,
      number: 100,
      last: true,
    },
  ])('knows its end: $what', async ({ hits, total, number, last }) => {
    const results = hits === null ? null : numbers(hits).map((n) => decision(n));
    await withStage({ api: () => answer(results, total) }, async ({ legifrance }) => {
      const page = await legifrance.search(decisions, number, 100, inTime());
      expect(page).toMatchObject({ last, total });
      expect(page.documents).toHaveLength(hits ?? 0);
    });
  });

  it.each([
    {
      what: 'full, with a total that says it ends here',
      hits: 100,
      total: 10_000,
      number: 100,
      overfull: true,
    },
    { what: 'full, with a total far beyond', hits: 100, total: 51_531, number: 100, overfull: true },
    { what: 'short', hits: 99, total: 9_999, number: 100, overfull: false },
    { what: 'full, but not the last', hits: 100, total: 9_950, number: 99, overfull: false },
  ])('does not take the last page that can be had for the end: $what', async (page) => {
    const results = numbers(page.hits).map((n) => decision(n));
    await withStage({ api: () => answer(results, page.total) }, async ({ legifrance }) => {
      const { overfull } = await legifrance.search(decisions, page.number, 100, inTime());
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
  ])('never asks for page %p of %p hits', async (number, size) => {
    await withStage({ api: () => answer([], 0) }, async ({ legifrance, asked }) => {
      await expect(legifrance.search(decisions, number, size, inTime())).rejects.toMatchObject({
        code: 'LEGIFRANCE_REJECTED',
      });
      expect(asked).toEqual([]);
    });
  });
});

describe('a search of codes', () => {
  const extract = (number: number, more: object = {}): object => ({
    id: `${id('LEGIARTI', number)}_31-01-2026`,
    num: `L${number}`,
    title: null,
    legalStatus: 'VIGUEUR',
    dateVersion: '2026-01-31T00:00:00.000+0000',
    dateDebut: '2016-01-01T00:00:00.000+0000',
    dateFin: '2999-01-01T00:00:00.000+0000',
    searchFieldName: 'Article',
    type: 'articles',
    values: ['<mark>urbanisme</mark>'],
    ...more,
  });
  const code = (extracts: unknown, more: object = {}): object => ({
    titles: [
      { id: `${CODE}_31-01-2026`, cid: CODE, title: 'Code', startDate: '2026-01-01', endDate: null, ...more },
    ],
    sections: [{ id: 'LEGISCTA000006143344', extracts }],
  });

  it('asks for articles as of a day, by relevance, the only sort there is', async () => {
    await withStage({ api: () => answer([], 0) }, async ({ legifrance, asked }) => {
      await legifrance.search(articles, 1, 50, inTime());
      expect(asked[0]?.body).toMatchObject({
        fond: 'CODE_DATE',
        recherche: {
          filtres: [{ facette: 'DATE_VERSION', singleDate: DAY }],
          sort: 'PERTINENCE',
          typePagination: 'ARTICLE',
          pageSize: 50,
        },
      });
    });
  });

  it('finds the articles in the extracts, by their clean ids', async () => {
    const results = [code([extract(1), extract(2), extract(1, { searchFieldName: 'Titre' })]), code(null)];
    const api = () => answer([...results, code([extract(3), { id: null }, { id: 'LEGIARTI12' }])], 4);
    await withStage({ api }, async ({ legifrance }) => {
      const page = await legifrance.search(articles, 1, 100, inTime());
      expect(page.documents.map((one) => one.id)).toEqual([1, 2, 3].map((n) => id('LEGIARTI', n)));
    });
  });

  it('gives a revision that does not move with the day or with the rest of the code', async () => {
    let result = code([extract(1)]);
    await withStage({ api: () => answer([result], 1) }, async ({ legifrance }) => {
      const revision = async (): Promise<string | undefined> =>
        (await legifrance.search(articles, 1, 100, inTime())).documents[0]?.revision;
      const first = await revision();
      const tomorrow = { id: `${id('LEGIARTI', 1)}_01-02-2026`, dateVersion: '2026-02-01T00:00:00.000+0000' };
      result = code([extract(1, tomorrow)], { startDate: '2026-02-01' });
      expect(await revision()).toBe(first);
      result = code([extract(1, { dateFin: '2026-03-01T00:00:00.000+0000' })]);
      expect(await revision()).not.toBe(first);
    });
  });

  it('counts articles, where one result holds a page of them', async () => {
    const api = () => answer([code(numbers(50).map((n) => extract(n)))], 1, { totalArticleResultNumber: 58 });
    await withStage({ api }, async ({ legifrance }) => {
      expect(await legifrance.search(articles, 1, 50, inTime())).toMatchObject({ last: false, total: 58 });
    });
  });

  it('does not take a page for the last one because some of its extracts are no articles', async () => {
    const extracts = [{ id: null }, { id: 'LEGISCTA000006143344' }, ...numbers(98).map((n) => extract(n))];
    const api = () => answer([code(extracts.slice(0, 60)), code(extracts.slice(60))], 1_000);
    await withStage({ api }, async ({ legifrance }) => {
      const page = await legifrance.search(articles, 1, 100, inTime());
      expect(page).toMatchObject({ last: false, overfull: false });
      expect(page.documents).toHaveLength(98);
    });
  });

  it('warns of articles that the API holds back, with the number of codes that have such', async () => {
    const warnings: object[] = [];
    const warn = (fields: object): void => void warnings.push(fields);
    const log = { debug: () => undefined, info: () => undefined, warn };
    const results = [true, false, true, null].map((moreArticle) => ({
      ...code([extract(1)]),
      moreArticle,
    }));
    await withStage({ api: () => answer(results, 4), client: { log } }, async ({ legifrance }) => {
      await legifrance.search(articles, 1, 100, inTime());
      // Decisions have no articles: there it means nothing.
      await legifrance.search(decisions, 1, 100, inTime());
    });
    expect(warnings).toEqual([{ fond: 'CODE_DATE', query: 'urbanisme', page: 1, heldBack: 2 }]);
  });

  it('takes no window', async () => {
    const query = { ...articles, window: { from: DAY, to: DAY, field: 'decided' as const } };
    await withStage({ api: () => answer([], 0) }, async ({ legifrance }) => {
      await expect(legifrance.search(query, 1, 50, inTime())).rejects.toMatchObject({
        code: 'LEGIFRANCE_REJECTED',
      });
    });
  });
});

describe('a table of contents', () => {
  const entry = (number: number, etat: string | null, more: object = {}): object => ({
    id: id('LEGIARTI', number),
    cid: id('LEGIARTI', number),
    num: `L${number}`,
    etat,
    dateDebut: '2016-01-01',
    dateFin: '2999-01-01',
    intOrdre: 1,
    executionTime: 0,
    ...more,
  });
  const table = (more: object): object => ({
    executionTime: 9,
    id: `${CODE}_31-01-2026`,
    cid: CODE,
    ...more,
  });
  const toc = (api: Parameters<typeof withStage>[0]['api'], client = {}) =>
    new Promise<readonly { id: string; revision: string }[]>((resolve, reject) => {
      withStage({ api, client }, async ({ legifrance }) => {
        resolve(await legifrance.tableOfContents(CODE, DAY, inTime()));
      }).catch(reject);
    });

  it('lists the articles in force or to be, in the order of the code, once each', async () => {
    const asked: Asked[] = [];
    const api = (one: Asked): object => {
      asked.push(one);
      return table({
        articles: [entry(1, 'VIGUEUR')],
        sections: [
          {
            id: 'LEGISCTA000000000001',
            articles: [entry(2, 'VIGUEUR_DIFF'), entry(3, 'ABROGE'), entry(4, 'ABROGE_DIFF')],
            sections: [{ articles: [entry(5, 'VIGUEUR_ETEN'), entry(1, 'VIGUEUR')], sections: null }],
          },
          {
            articles: [
              entry(6, 'VIGUEUR_NON_ETEN', { id: `${id('LEGIARTI', 6)}_01-01-2016` }),
              entry(7, 'MODIFIE'),
            ],
          },
        ],
      });
    };
    const documents = await toc(api);
    expect(documents.map((one) => one.id)).toEqual([1, 2, 4, 5, 6].map((n) => id('LEGIARTI', n)));
    expect(asked[0]).toMatchObject({
      path: '/consult/legi/tableMatieres',
      body: { textId: CODE, date: DAY, nature: 'CODE' },
    });
  });

  it('keeps what is of no stated or no known state, and leaves out what is known to be out of force', async () => {
    const kept = [entry(1, null), entry(2, 'SANS_ETAT'), { id: id('LEGIARTI', 3), num: 'L3' }];
    const gone = [
      'ABROGE',
      'ANNULE',
      'DENONCE',
      'DISJOINT',
      'MODIFIE',
      'MODIFIE_MORT_NE',
      'PERIME',
      'REMPLACE',
      'SUBSTITUE',
      'TRANSFERE',
    ].map((etat, n) => entry(10 + n, etat));
    const documents = await toc(() => table({ articles: [...gone, ...kept] }));
    expect(documents.map((one) => one.id)).toEqual([1, 2, 3].map((n) => id('LEGIARTI', n)));
  });

  it('leaves out entries without a usable id, and says how many', async () => {
    const warned: object[] = [];
    const log = {
      debug: () => undefined,
      info: () => undefined,
      warn: (fields: object) => void warned.push(fields),
    };
    const articlesOf = [
      entry(1, 'VIGUEUR'),
      entry(2, 'VIGUEUR', { id: null }),
      entry(3, 'VIGUEUR', { id: '../x' }),
      7,
    ];
    const documents = await toc(() => table({ articles: articlesOf }), { log });
    expect(documents).toHaveLength(1);
    expect(warned).toEqual([{ code: CODE, malformed: 3 }]);
  });

  it('gives a revision that follows state, number, dates and modification, and nothing else', async () => {
    const revision = async (more: object): Promise<string | undefined> =>
      (await toc(() => table({ articles: [{ ...entry(1, 'VIGUEUR'), ...more }] })))[0]?.revision;
    const first = await revision({});
    expect(
      await revision({ intOrdre: 2, executionTime: 4, modificatorTitle: 'LOI', modificatorCid: null }),
    ).toBe(first);
    for (const change of [
      { etat: 'ABROGE_DIFF' },
      { num: 'L1-1' },
      { dateDebut: '2016-01-02' },
      { dateFin: '2026-12-31' },
      { modificatorCid: 'JORFTEXT000000000001' },
      { modificatorDate: '2026-01-01' },
      { articleVersion: '2.0' },
    ]) {
      expect(await revision(change)).not.toBe(first);
    }
  });

  it('that is empty, degenerate or another code’s is not believed', async () => {
    for (const body of [
      table({ articles: [], sections: [] }),
      { executionTime: 1 },
      table({ articles: 'none' }),
      table({ sections: [7] }),
      { id: 'LEGITEXT000006072050', cid: 'LEGITEXT000006072050', articles: [entry(1, 'VIGUEUR')] },
    ]) {
      expect(await failureOf(toc(() => body))).toMatchObject({ code: 'LEGIFRANCE_UNAVAILABLE' });
    }
  });

  it('is walked at most 100 levels deep', async () => {
    const nested = (depth: number): object =>
      depth === 0 ? { articles: [entry(1, 'VIGUEUR')] } : { sections: [nested(depth - 1)] };
    expect(await toc(() => table(nested(100)))).toHaveLength(1);
    expect(await failureOf(toc(() => table(nested(101))))).toMatchObject({ code: 'LEGIFRANCE_UNAVAILABLE' });
  });
});

describe('the list of codes', () => {
  it('is read page by page', async () => {
    const api = ({ body }: Asked): object => {
      const { pageNumber } = body as { pageNumber: number };
      const count = pageNumber === 1 ? 100 : 7;
      const results = numbers(count).map((n) => ({
        id: id('LEGITEXT', pageNumber * 1_000 + n),
        titre: `Code ${n}`,
        etat: 'VIGUEUR',
      }));
      return {
        totalResultNumber: 107,
        results: [...results.slice(1), { ...results[0], id: `${id('LEGITEXT', 1)}_31-01-2026` }],
      };
    };
    await withStage({ api }, async ({ legifrance, asked }) => {
      const codes = await legifrance.listCodes(inTime());
      expect(asked.map(({ body }) => body)).toEqual(
        [1, 2].map((pageNumber) => ({ pageNumber, pageSize: 100, states: ['VIGUEUR'] })),
      );
      expect(codes[0]).toEqual({ id: id('LEGITEXT', 1_002), title: 'Code 2', state: 'VIGUEUR' });
      expect(codes.map((one) => one.id)).toContain(id('LEGITEXT', 1));
    });
  });

  const listed = { id: id('LEGITEXT', 1), titre: 'Code', etat: 'VIGUEUR' };

  it.each([
    { what: 'without results or total', list: { executionTime: 1 } },
    { what: 'without results', list: { totalResultNumber: 77, results: null } },
    { what: 'without a single code', list: { totalResultNumber: 0, results: [] } },
    { what: 'with fewer than it says', list: { totalResultNumber: 2, results: [listed] } },
    { what: 'with ids that are none', list: { totalResultNumber: 1, results: [{ ...listed, id: null }] } },
    { what: 'of more codes than there can be', list: { totalResultNumber: 1_001, results: [listed] } },
  ])('is asked for again, and then fails, where it comes $what', async ({ list }) => {
    await withStage({ api: () => list }, async ({ legifrance, asked }) => {
      await expect(legifrance.listCodes(inTime())).rejects.toMatchObject({ code: 'LEGIFRANCE_UNAVAILABLE' });
      expect(asked).toHaveLength(3);
    });
  });

  it('is not whole where its second page is missing', async () => {
    const api = ({ body }: Asked): object => {
      const full = numbers(100).map((n) => ({ ...listed, id: id('LEGITEXT', n) }));
      const { pageNumber } = body as { pageNumber: number };
      return { totalResultNumber: 107, results: pageNumber === 1 ? full : [] };
    };
    await withStage({ api }, async ({ legifrance }) => {
      await expect(legifrance.listCodes(inTime())).rejects.toMatchObject({ code: 'LEGIFRANCE_UNAVAILABLE' });
    });
  });
});

describe('the rank of a question', () => {
  it('goes with it to the quota, whatever is asked, and is 0 where nothing is said', async () => {
    const api = ({ path }: Asked): object => {
      if (path === '/search') return answer([], 0);
      if (path === '/list/code') return { totalResultNumber: 1, results: [{ id: CODE }] };
      if (path === '/consult/getArticle') return articleAnswer();
      return { cid: CODE, articles: [{ id: ARTICLE }] };
    };
    await withStage({ api }, async ({ legifrance, quota }) => {
      for (const rank of [7, undefined]) {
        await legifrance.search(decisions, 1, 100, inTime(), rank);
        await legifrance.listCodes(inTime(), rank);
        await legifrance.tableOfContents(CODE, DAY, inTime(), rank);
        await legifrance.consult(ARTICLE, inTime(), rank);
      }
      expect(quota.ranks).toEqual([7, 7, 7, 7, 0, 0, 0, 0]);
    });
  });
});

describe('a consult', () => {
  it('gives the answer’s bytes as they are', async () => {
    const bytes = ` ${JSON.stringify(articleAnswer(), null, 3)}\n`;
    const api = (_asked: Asked, reply: { type(type: string): { send(body: string): unknown } }) =>
      reply.type('application/json').send(bytes);
    await withStage({ api }, async ({ legifrance }) => {
      const consulted = await legifrance.consult(ARTICLE, inTime());
      expect(consulted.id).toBe(ARTICLE);
      expect(consulted.body.toString()).toBe(bytes);
      expect(consulted.sha256).toMatch(/^v1:[0-9a-f]{64}$/);
    });
  });

  it.each([
    ['LEGIARTI', '/consult/getArticle', 'id', 'article'],
    ['JORFARTI', '/consult/getArticle', 'id', 'article'],
    ['KALIARTI', '/consult/getArticle', 'id', 'article'],
    ['JURITEXT', '/consult/juri', 'textId', 'text'],
    ['CETATEXT', '/consult/juri', 'textId', 'text'],
    ['CONSTEXT', '/consult/juri', 'textId', 'text'],
  ])('finds the way to %s', async (prefix, path, key, holder) => {
    const wanted = id(prefix, 42);
    const api = () => ({ executionTime: 1, [holder]: { id: `${wanted}_01-01-2020`, titre: 'x' } });
    await withStage({ api }, async ({ legifrance, asked }) => {
      await legifrance.consult(wanted, inTime());
      expect(asked).toEqual([{ path, token: 'token-1', body: { [key]: wanted } }]);
    });
  });

  it('refuses every id that is not one, whatever it is', async () => {
    await withStage({ api: () => '' }, async ({ legifrance, asked }) => {
      await fc.assert(
        fc.asyncProperty(fc.string(), async (text) => {
          await expect(legifrance.consult(text, inTime())).rejects.toMatchObject({
            code: 'DOCUMENT_REFUSED',
          });
        }),
      );
      expect(asked).toEqual([]);
    });
  });
});
