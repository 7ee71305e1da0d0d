import { CODE, DAY, idOf } from './samples.ts';
import { failureOf, inTime, withApi, type Asked } from './support.ts';

describe('a table of contents', () => {
  const entry = (number: number, etat: string | null, more: object = {}): object => ({
    id: idOf('LEGIARTI', number),
    cid: idOf('LEGIARTI', number),
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
  const toc = (api: Parameters<typeof withApi>[0]['api'], client = {}) =>
    new Promise<readonly { id: string; revision: string }[]>((resolve, reject) => {
      withApi({ api, client }, async ({ legifrance }) => {
        resolve(await legifrance.tableOfContents(CODE, DAY, inTime()));
      }).catch(reject);
    });

  it('lists articles in force now or later, in the order of the code, once each', async () => {
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
              entry(6, 'VIGUEUR_NON_ETEN', { id: `${idOf('LEGIARTI', 6)}_01-01-2016` }),
              entry(7, 'MODIFIE'),
            ],
          },
        ],
      });
    };
    const documents = await toc(api);
    expect(documents.map((one) => one.id)).toEqual([1, 2, 4, 5, 6].map((n) => idOf('LEGIARTI', n)));
    expect(asked[0]).toMatchObject({
      path: '/consult/legi/tableMatieres',
      body: { textId: CODE, date: DAY, nature: 'CODE' },
    });
  });

  it('keeps articles with an absent or unknown state, and leaves out those known to be out of force', async () => {
    const kept = [entry(1, null), entry(2, 'SANS_ETAT'), { id: idOf('LEGIARTI', 3), num: 'L3' }];
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
    expect(documents.map((one) => one.id)).toEqual([1, 2, 3].map((n) => idOf('LEGIARTI', n)));
  });

  it('leaves out entries without a usable id, and logs how many', async () => {
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

  it('returns a revision that depends on state, number, dates and modification, and on nothing else', async () => {
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

  it('is refused if it is empty, degenerate or of another code', async () => {
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

  it('is read at most 100 levels deep', async () => {
    const nested = (depth: number): object =>
      depth === 0 ? { articles: [entry(1, 'VIGUEUR')] } : { sections: [nested(depth - 1)] };
    expect(await toc(() => table(nested(100)))).toHaveLength(1);
    expect(await failureOf(toc(() => table(nested(101))))).toMatchObject({ code: 'LEGIFRANCE_UNAVAILABLE' });
  });
});
