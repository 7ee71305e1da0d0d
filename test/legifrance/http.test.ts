import type { FastifyReply } from 'fastify';
import { systemClock } from '../../src/legifrance/clock.ts';
import { createProcessQuota } from '../../src/legifrance/quota/quota.ts';
import { ARTICLE, articleAnswer, failureOf, inTime, settled, withStage, type Asked } from './support.ts';

const id = (number: number): string => `LEGIARTI${String(number).padStart(12, '0')}`;
const theArticle = ({ body }: Asked): object => articleAnswer((body as { id: string }).id);
const never = (): Promise<unknown> => new Promise(() => undefined);

describe('an exchange with Légifrance', () => {
  it('has a deadline as a whole, also when bytes keep trickling in', async () => {
    const api = (_asked: Asked, reply: FastifyReply): FastifyReply => {
      reply.hijack();
      reply.raw.writeHead(200, { 'content-type': 'application/json' });
      const trickle = setInterval(() => reply.raw.write(' '), 20);
      reply.raw.on('close', () => clearInterval(trickle));
      return reply;
    };
    await withStage(
      { api, client: { requestTimeoutMs: 150, clock: systemClock, random: () => 0 } },
      async (stage) => {
        const error = await failureOf(stage.legifrance.consult(ARTICLE, inTime()));
        expect(error).toMatchObject({ code: 'LEGIFRANCE_UNAVAILABLE' });
        expect(String(error)).toMatch(/within 150 ms/);
        expect(stage.asked).toHaveLength(3);
      },
    );
  });

  it('ends with the reason of the signal, at once, wherever it waits', async () => {
    const reached = Promise.withResolvers<undefined>();
    const api = (): Promise<unknown> => {
      reached.resolve(undefined);
      return never();
    };
    await withStage({ api, client: { connections: 1 } }, async ({ legifrance, asked }) => {
      const controller = new AbortController();
      const reason = new Error('the worker shuts down');
      const inFlight = failureOf(legifrance.consult(id(1), controller.signal));
      const atTheGate = failureOf(legifrance.consult(id(2), controller.signal));
      await reached.promise;
      controller.abort(reason);
      expect(await inFlight).toBe(reason);
      expect(await atTheGate).toBe(reason);
      expect(await failureOf(legifrance.consult(id(3), controller.signal))).toBe(reason);
      expect(asked).toHaveLength(1);
    });
  });

  it('ends with the reason of the signal in a pause between attempts', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    const log = {
      debug: () => controller.abort(reason),
      info: () => undefined,
      warn: () => undefined,
    };
    const api = (_asked: Asked, reply: FastifyReply) => reply.code(503).header('retry-after', '29').send();
    await withStage({ api, client: { clock: systemClock, log } }, async ({ legifrance, asked }) => {
      expect(await failureOf(legifrance.consult(ARTICLE, controller.signal))).toBe(reason);
      expect(asked).toHaveLength(1);
    });
  });

  it('does not read an answer beyond 64 MB, and does not ask for it again', async () => {
    const api = (_asked: Asked, reply: FastifyReply) =>
      reply.type('application/json').send(Buffer.alloc(64 * 1024 * 1024 + 1, ' '));
    await withStage({ api }, async ({ legifrance, asked }) => {
      await expect(legifrance.consult(ARTICLE, inTime())).rejects.toMatchObject({ code: 'DOCUMENT_REFUSED' });
      await expect(legifrance.listCodes(inTime())).rejects.toMatchObject({ code: 'LEGIFRANCE_REJECTED' });
      expect(asked).toHaveLength(2);
    });
  });

  it('happens over at most as many connections as allowed, and a queue is served in order', async () => {
    let inFlight = 0;
    let most = 0;
    const api = async (asked: Asked): Promise<object> => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await settled();
      inFlight -= 1;
      return theArticle(asked);
    };
    await withStage({ api, client: { connections: 3 } }, async ({ legifrance }) => {
      const order: string[] = [];
      const ids = Array.from({ length: 30 }, (_, n) => id(n));
      await Promise.all(
        ids.map((one) => legifrance.consult(one, inTime()).then((got) => order.push(got.id))),
      );
      expect(most).toBe(3);
      expect(order).toHaveLength(30);
    });
  });

  it('takes no permission to send before it has a connection to send on', async () => {
    const reached = Promise.withResolvers<undefined>();
    const release = Promise.withResolvers<undefined>();
    let arrived = 0;
    const api = async (asked: Asked): Promise<object> => {
      arrived += 1;
      if (arrived === 3) reached.resolve(undefined);
      await release.promise;
      return theArticle(asked);
    };
    await withStage({ api, client: { connections: 3 } }, async ({ legifrance, quota }) => {
      const all = Promise.all(Array.from({ length: 30 }, (_, n) => legifrance.consult(id(n), inTime())));
      await reached.promise;
      expect(quota.acquired).toBe(3);
      release.resolve(undefined);
      await all;
      expect(quota.acquired).toBe(30);
    });
  });

  it('never makes 21 arrivals in a second, also when slow answers free all connections together', async () => {
    const arrivals: number[] = [];
    let held: (() => void)[] = [];
    const api = async (asked: Asked): Promise<object> => {
      arrivals.push(performance.now());
      // The server stands still until ten requests hang in it, and then lets them all go.
      const released = new Promise<void>((resolve) => held.push(resolve));
      if (held.length === 10) {
        for (const release of held) release();
        held = [];
      }
      await released;
      return theArticle(asked);
    };
    const quota = createProcessQuota({ perSecond: 20, perHour: 24_000, perDay: 280_000, pacing: 'burst' });
    await withStage({ api, client: { quota } }, async ({ legifrance }) => {
      await Promise.all(Array.from({ length: 60 }, (_, n) => legifrance.consult(id(n), inTime())));
    });
    const most = Math.max(
      ...arrivals.map((from) => arrivals.filter((time) => time >= from && time <= from + 1_000).length),
    );
    expect(arrivals).toHaveLength(60);
    expect(most).toBeLessThanOrEqual(20);
  });
});
