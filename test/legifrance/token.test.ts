import type { FastifyReply } from 'fastify';
import { createLegifrance } from '../../src/legifrance/client.ts';
import { systemClock, type Clock } from '../../src/legifrance/clock.ts';
import {
  articleAnswer,
  ARTICLE,
  failureOf,
  inTime,
  openQuota,
  SECRET,
  withApi,
  type Asked,
} from './support.ts';

const id = (number: number): string => `LEGIARTI${String(number).padStart(12, '0')}`;

/** Answers with the requested article. */
const theArticle = ({ body }: Asked): object => articleAnswer((body as { id: string }).id);

describe('the access token', () => {
  it('is requested with the client credentials in the body', async () => {
    await withApi({ api: theArticle }, async ({ legifrance, tokenRequests }) => {
      await legifrance.consult(ARTICLE, inTime());
      expect(Object.fromEntries(new URLSearchParams(tokenRequests[0]))).toEqual({
        grant_type: 'client_credentials',
        client_id: 'canary-client-id',
        client_secret: SECRET,
        scope: 'openid',
      });
    });
  });

  it('is requested once for a hundred concurrent requests, and does not count against the quota', async () => {
    await withApi({ api: theArticle }, async ({ legifrance, tokenRequests, asked, quota }) => {
      await Promise.all(Array.from({ length: 100 }, (_, n) => legifrance.consult(id(n), inTime())));
      expect(tokenRequests).toHaveLength(1);
      expect(new Set(asked.map(({ token }) => token))).toEqual(new Set(['token-1']));
      expect(quota.acquired).toBe(100);
    });
  });

  it('is renewed once if it expires during a batch; each refused request is replayed once, and no document is lost', async () => {
    const refused = new Map<string, number>();
    let answered = 0;
    const api = (asked: Asked, reply: FastifyReply): unknown => {
      // After 30 answers the first token is invalid, also for requests in transit.
      if (asked.token === 'token-1' && answered >= 30) {
        const { id: document } = asked.body as { id: string };
        refused.set(document, (refused.get(document) ?? 0) + 1);
        return reply.code(401).send();
      }
      answered += 1;
      return theArticle(asked);
    };
    await withApi({ api }, async ({ legifrance, tokenRequests, quota, asked, pauses }) => {
      const ids = Array.from({ length: 100 }, (_, n) => id(n));
      const consulted = await Promise.all(ids.map((one) => legifrance.consult(one, inTime())));
      expect(consulted.map((one) => one.id)).toEqual(ids);
      expect(tokenRequests).toHaveLength(2);
      expect(refused.size).toBeGreaterThan(0);
      expect([...refused.values()].every((times) => times === 1)).toBe(true);
      // Replays count against the quota too.
      expect(quota.acquired).toBe(asked.length);
      expect(quota.refusals).toEqual([]);
      expect(pauses).toEqual([]);
    });
  });

  it('is not dropped when an earlier token is refused late', async () => {
    const late = Promise.withResolvers<undefined>();
    const api = async (asked: Asked, reply: FastifyReply): Promise<unknown> => {
      if (asked.token !== 'token-1') return theArticle(asked);
      if ((asked.body as { id: string }).id === id(1)) await late.promise;
      return reply.code(401).send();
    };
    await withApi({ api }, async ({ legifrance, tokenRequests }) => {
      const slow = legifrance.consult(id(1), inTime());
      await legifrance.consult(id(2), inTime());
      late.resolve(undefined);
      await slow;
      expect(tokenRequests).toHaveLength(2);
    });
  });

  it('is renewed a minute before it expires', async () => {
    let offset = 0;
    const clock: Clock = { ...systemClock, now: () => offset };
    await withApi({ api: theArticle, client: { clock } }, async ({ legifrance, tokenRequests }) => {
      const expectToken = async (number: number): Promise<void> => {
        await legifrance.consult(ARTICLE, inTime());
        expect(tokenRequests).toHaveLength(number);
      };
      await expectToken(1);
      offset = 3_500_000;
      await expectToken(1);
      offset = 3_541_000;
      await expectToken(2);
    });
  });

  it('is used even if it lives for a few seconds only', async () => {
    const token = () => ({ access_token: 'short', expires_in: 4 });
    await withApi({ api: theArticle, token }, async ({ legifrance, tokenRequests }) => {
      await legifrance.consult(ARTICLE, inTime());
      await legifrance.consult(ARTICLE, inTime());
      expect(tokenRequests).toHaveLength(1);
    });
  });

  it('is still received by the other callers if the one that requested it is aborted', async () => {
    const held = Promise.withResolvers<undefined>();
    const reached = Promise.withResolvers<undefined>();
    const token = async (): Promise<unknown> => {
      reached.resolve(undefined);
      await held.promise;
      return { access_token: 'shared', expires_in: 3600 };
    };
    await withApi({ api: theArticle, token }, async ({ legifrance, tokenRequests }) => {
      const first = new AbortController();
      const aborted = failureOf(legifrance.consult(id(1), first.signal));
      const other = legifrance.consult(id(2), inTime());
      await reached.promise;
      const reason = new Error('the batch was cancelled');
      first.abort(reason);
      expect(await aborted).toBe(reason);
      held.resolve(undefined);
      await expect(other).resolves.toMatchObject({ id: id(2) });
      expect(tokenRequests).toHaveLength(1);
    });
  });

  it('is no longer awaited when the client is closed', async () => {
    const reached = Promise.withResolvers<undefined>();
    const token = (): Promise<unknown> => {
      reached.resolve(undefined);
      return new Promise(() => undefined);
    };
    await withApi({ api: theArticle, token }, async ({ url }) => {
      const legifrance = createLegifrance({
        apiUrl: `${url}/api`,
        tokenUrl: `${url}/token`,
        clientId: 'id',
        clientSecret: () => SECRET,
        quota: openQuota(),
      });
      const failure = failureOf(legifrance.consult(ARTICLE, inTime()));
      await reached.promise;
      await legifrance.close();
      expect(String(await failure)).toMatch(/client is closed/);
    });
  });
});
