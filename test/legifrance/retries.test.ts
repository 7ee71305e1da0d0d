import type { FastifyReply } from 'fastify';
import type { Clock } from '../../src/legifrance/clock.ts';
import type { Legifrance } from '../../src/legifrance/types.ts';
import { ARTICLE, articleAnswer, failureOf, fastClock, inTime, withApi } from './support.ts';

const consult = (api: Legifrance): Promise<unknown> => api.consult(ARTICLE, inTime());

describe('retries', () => {
  it('pause for at least two seconds after refused credentials', async () => {
    await withApi(
      { api: () => '', token: (reply) => reply.code(401).send() },
      async ({ legifrance, pauses }) => {
        await failureOf(consult(legifrance));
        expect(pauses).toEqual([2_250, 3_000]);
      },
    );
  });

  it('pause longer each time, in addition to the time of Retry-After', async () => {
    await withApi({ api: (_request, reply) => reply.code(503).send() }, async ({ legifrance, pauses }) => {
      await failureOf(consult(legifrance));
      expect(pauses).toEqual([250, 1_000]);
    });
    const slowDown = (_request: unknown, reply: FastifyReply) =>
      reply.code(503).header('retry-after', '10').send();
    await withApi({ api: slowDown }, async ({ legifrance, pauses }) => {
      await failureOf(consult(legifrance));
      expect(pauses).toEqual([10_250, 11_000]);
    });
  });

  it('accept a Retry-After that is a date', async () => {
    const clock: Clock = { ...fastClock([]), date: () => Date.UTC(2026, 0, 31, 12) };
    const api = (_request: unknown, reply: FastifyReply) =>
      reply.code(429).header('retry-after', 'Sat, 31 Jan 2026 12:10:00 GMT').send();
    await withApi({ api, client: { clock } }, async ({ legifrance, asked }) => {
      const error = await failureOf(consult(legifrance));
      expect(error).toMatchObject({ code: 'LEGIFRANCE_THROTTLED', retryAfterMs: 600_000 });
      expect(asked).toHaveLength(1);
    });
  });

  it('succeed after a short outage', async () => {
    let count = 0;
    const api = (_asked: unknown, reply: FastifyReply) =>
      (count += 1) < 3 ? reply.code(503).send() : articleAnswer();
    await withApi({ api }, async ({ legifrance, asked }) => {
      await expect(legifrance.consult(ARTICLE, inTime())).resolves.toMatchObject({ id: ARTICLE });
      expect(asked).toHaveLength(3);
    });
  });
});
