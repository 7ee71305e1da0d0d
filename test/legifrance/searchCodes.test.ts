import { ARTICLES, CODE, DAY, DECISIONS, idOf, numbers, searchAnswer } from './samples.ts';
import { inTime, withApi } from './support.ts';

describe('a search of codes', () => {
  const extract = (number: number, more: object = {}): object => ({
    id: `${idOf('LEGIARTI', number)}_31-01-2026`,
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

  it('requests articles as of a day, by relevance, the only sort of the fond', async () => {
    await withApi({ api: () => searchAnswer([], 0) }, async ({ legifrance, asked }) => {
      await legifrance.search(ARTICLES, 1, 50, inTime());
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

  it('finds the articles in the extracts, by their ids without a version', async () => {
    const results = [code([extract(1), extract(2), extract(1, { searchFieldName: 'Titre' })]), code(null)];
    const api = () => searchAnswer([...results, code([extract(3), { id: null }, { id: 'LEGIARTI12' }])], 4);
    await withApi({ api }, async ({ legifrance }) => {
      const page = await legifrance.search(ARTICLES, 1, 100, inTime());
      expect(page.documents.map((one) => one.id)).toEqual([1, 2, 3].map((n) => idOf('LEGIARTI', n)));
    });
  });

  it('returns a revision that does not depend on the day or on the rest of the code', async () => {
    let result = code([extract(1)]);
    await withApi({ api: () => searchAnswer([result], 1) }, async ({ legifrance }) => {
      const revision = async (): Promise<string | undefined> =>
        (await legifrance.search(ARTICLES, 1, 100, inTime())).documents[0]?.revision;
      const first = await revision();
      const tomorrow = {
        id: `${idOf('LEGIARTI', 1)}_01-02-2026`,
        dateVersion: '2026-02-01T00:00:00.000+0000',
      };
      result = code([extract(1, tomorrow)], { startDate: '2026-02-01' });
      expect(await revision()).toBe(first);
      result = code([extract(1, { dateFin: '2026-03-01T00:00:00.000+0000' })]);
      expect(await revision()).not.toBe(first);
    });
  });

  it('counts articles, even if one result holds a page of them', async () => {
    const api = () =>
      searchAnswer([code(numbers(50).map((n) => extract(n)))], 1, { totalArticleResultNumber: 58 });
    await withApi({ api }, async ({ legifrance }) => {
      expect(await legifrance.search(ARTICLES, 1, 50, inTime())).toMatchObject({ last: false, total: 58 });
    });
  });

  it('does not count a page as the last one because some extracts are not articles', async () => {
    const extracts = [{ id: null }, { id: 'LEGISCTA000006143344' }, ...numbers(98).map((n) => extract(n))];
    const api = () => searchAnswer([code(extracts.slice(0, 60)), code(extracts.slice(60))], 1_000);
    await withApi({ api }, async ({ legifrance }) => {
      const page = await legifrance.search(ARTICLES, 1, 100, inTime());
      expect(page).toMatchObject({ last: false, overfull: false });
      expect(page.documents).toHaveLength(98);
    });
  });

  it('warns if the API does not show all articles, with the number of codes concerned', async () => {
    const warnings: object[] = [];
    const warn = (fields: object): void => void warnings.push(fields);
    const log = { debug: () => undefined, info: () => undefined, warn };
    const results = [true, false, true, null].map((moreArticle) => ({
      ...code([extract(1)]),
      moreArticle,
    }));
    await withApi({ api: () => searchAnswer(results, 4), client: { log } }, async ({ legifrance }) => {
      await legifrance.search(ARTICLES, 1, 100, inTime());
      // Decisions have no articles, so the key has no meaning there.
      await legifrance.search(DECISIONS, 1, 100, inTime());
    });
    expect(warnings).toEqual([{ fond: 'CODE_DATE', query: 'urbanisme', page: 1, heldBack: 2 }]);
  });

  it('refuses a window', async () => {
    const query = { ...ARTICLES, window: { from: DAY, to: DAY, field: 'decided' as const } };
    await withApi({ api: () => searchAnswer([], 0) }, async ({ legifrance }) => {
      await expect(legifrance.search(query, 1, 50, inTime())).rejects.toMatchObject({
        code: 'LEGIFRANCE_REJECTED',
      });
    });
  });
});
