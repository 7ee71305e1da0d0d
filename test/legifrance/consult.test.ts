import fc from 'fast-check';
import { CODE, DAY, DECISIONS, idOf, searchAnswer } from './samples.ts';
import { ARTICLE, articleAnswer, inTime, withApi, type Asked } from './support.ts';

describe('a consult', () => {
  it('returns the bytes of the answer unchanged', async () => {
    const bytes = ` ${JSON.stringify(articleAnswer(), null, 3)}\n`;
    const api = (_asked: Asked, reply: { type(type: string): { send(body: string): unknown } }) =>
      reply.type('application/json').send(bytes);
    await withApi({ api }, async ({ legifrance }) => {
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
  ])('uses the endpoint for %s', async (prefix, path, key, holder) => {
    const wanted = idOf(prefix, 42);
    const api = () => ({ executionTime: 1, [holder]: { id: `${wanted}_01-01-2020`, titre: 'x' } });
    await withApi({ api }, async ({ legifrance, asked }) => {
      await legifrance.consult(wanted, inTime());
      expect(asked).toEqual([{ path, token: 'token-1', body: { [key]: wanted } }]);
    });
  });

  it('refuses every invalid id without a request', async () => {
    await withApi({ api: () => '' }, async ({ legifrance, asked }) => {
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

describe('the rank of a request', () => {
  it('is passed to the quota for every kind of request, and is 0 by default', async () => {
    const api = ({ path }: Asked): object => {
      if (path === '/search') return searchAnswer([], 0);
      if (path === '/list/code') return { totalResultNumber: 1, results: [{ id: CODE }] };
      if (path === '/consult/getArticle') return articleAnswer();
      return { cid: CODE, articles: [{ id: ARTICLE }] };
    };
    await withApi({ api }, async ({ legifrance, quota }) => {
      for (const rank of [7, undefined]) {
        await legifrance.search(DECISIONS, 1, 100, inTime(), rank);
        await legifrance.listCodes(inTime(), rank);
        await legifrance.tableOfContents(CODE, DAY, inTime(), rank);
        await legifrance.consult(ARTICLE, inTime(), rank);
      }
      expect(quota.ranks).toEqual([7, 7, 7, 7, 0, 0, 0, 0]);
    });
  });
});
