import { idOf, numbers } from './samples.ts';
import { inTime, withApi, type Asked } from './support.ts';

describe('the list of codes', () => {
  it('is read page by page', async () => {
    const api = ({ body }: Asked): object => {
      const { pageNumber } = body as { pageNumber: number };
      const count = pageNumber === 1 ? 100 : 7;
      const results = numbers(count).map((n) => ({
        id: idOf('LEGITEXT', pageNumber * 1_000 + n),
        titre: `Code ${n}`,
        etat: 'VIGUEUR',
      }));
      return {
        totalResultNumber: 107,
        results: [...results.slice(1), { ...results[0], id: `${idOf('LEGITEXT', 1)}_31-01-2026` }],
      };
    };
    await withApi({ api }, async ({ legifrance, asked }) => {
      const codes = await legifrance.listCodes(inTime());
      expect(asked.map(({ body }) => body)).toEqual(
        [1, 2].map((pageNumber) => ({ pageNumber, pageSize: 100, states: ['VIGUEUR'] })),
      );
      expect(codes[0]).toEqual({ id: idOf('LEGITEXT', 1_002), title: 'Code 2', state: 'VIGUEUR' });
      expect(codes.map((one) => one.id)).toContain(idOf('LEGITEXT', 1));
    });
  });

  const listed = { id: idOf('LEGITEXT', 1), titre: 'Code', etat: 'VIGUEUR' };

  it.each([
    { what: 'without results or total', list: { executionTime: 1 } },
    { what: 'without results', list: { totalResultNumber: 77, results: null } },
    { what: 'without a single code', list: { totalResultNumber: 0, results: [] } },
    { what: 'with fewer codes than its total', list: { totalResultNumber: 2, results: [listed] } },
    { what: 'with invalid ids', list: { totalResultNumber: 1, results: [{ ...listed, id: null }] } },
    { what: 'with an implausible number of codes', list: { totalResultNumber: 1_001, results: [listed] } },
  ])('is retried, and then fails, if it comes $what', async ({ list }) => {
    await withApi({ api: () => list }, async ({ legifrance, asked }) => {
      await expect(legifrance.listCodes(inTime())).rejects.toMatchObject({ code: 'LEGIFRANCE_UNAVAILABLE' });
      expect(asked).toHaveLength(3);
    });
  });

  it('is incomplete if its second page is missing', async () => {
    const api = ({ body }: Asked): object => {
      const full = numbers(100).map((n) => ({ ...listed, id: idOf('LEGITEXT', n) }));
      const { pageNumber } = body as { pageNumber: number };
      return { totalResultNumber: 107, results: pageNumber === 1 ? full : [] };
    };
    await withApi({ api }, async ({ legifrance }) => {
      await expect(legifrance.listCodes(inTime())).rejects.toMatchObject({ code: 'LEGIFRANCE_UNAVAILABLE' });
    });
  });
});
