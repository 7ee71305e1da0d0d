import type { FastifyReply } from 'fastify';
import { systemClock, type Clock } from '../../src/legifrance/clock.ts';
import { ARTICLE, articleAnswer, failureOf, inTime, settled, withApi, type Asked } from './support.ts';

const id = (number: number): string => `LEGIARTI${String(number).padStart(12, '0')}`;
const theArticle = ({ body }: Asked): object => articleAnswer((body as { id: string }).id);
const never = (): Promise<unknown> => new Promise(() => undefined);

describe('an exchange with Légifrance', () => {
  it('has a deadline for the whole, even if bytes keep arriving', async () => {
    const deadlines = new Set<() => void>();
    const clock: Clock = {
      ...systemClock,
      // The test lets the deadlines pass; pauses between attempts pass at once.
      after(delayMs, wake) {
        if (delayMs !== 45_000) return systemClock.after(0, wake);
        deadlines.add(wake);
        return () => deadlines.delete(wake);
      },
    };
    const api = (_asked: Asked, reply: FastifyReply): FastifyReply => {
      reply.hijack();
      reply.raw.writeHead(200, { 'content-type': 'application/json' });
      let bytes = 0;
      const trickle = setInterval(() => {
        reply.raw.write(' ');
        bytes += 1;
        if (bytes === 3) for (const pass of deadlines) pass();
      }, 20);
      reply.raw.on('close', () => clearInterval(trickle));
      return reply;
    };
    await withApi({ api, client: { requestTimeoutMs: 45_000, clock } }, async ({ legifrance, asked }) => {
      const error = await failureOf(legifrance.consult(ARTICLE, inTime()));
      expect(error).toMatchObject({ code: 'LEGIFRANCE_UNAVAILABLE' });
      expect(String(error)).toMatch(/within 45000 ms/);
      expect(asked).toHaveLength(3);
    });
    expect(deadlines.size).toBe(0);
  });

  it('ends with the reason of the signal, at once, at every wait', async () => {
    const reached = Promise.withResolvers<undefined>();
    const api = (): Promise<unknown> => {
      reached.resolve(undefined);
      return never();
    };
    await withApi({ api, client: { connections: 1 } }, async ({ legifrance, asked }) => {
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
    await withApi({ api, client: { clock: systemClock, log } }, async ({ legifrance, asked }) => {
      expect(await failureOf(legifrance.consult(ARTICLE, controller.signal))).toBe(reason);
      expect(asked).toHaveLength(1);
    });
  });

  it('does not read an answer of more than 64 MB, and does not retry it', async () => {
    const api = (_asked: Asked, reply: FastifyReply) =>
      reply.type('application/json').send(Buffer.alloc(64 * 1024 * 1024 + 1, ' '));
    await withApi({ api }, async ({ legifrance, asked }) => {
      await expect(legifrance.consult(ARTICLE, inTime())).rejects.toMatchObject({ code: 'DOCUMENT_REFUSED' });
      await expect(legifrance.listCodes(inTime())).rejects.toMatchObject({ code: 'LEGIFRANCE_REJECTED' });
      expect(asked).toHaveLength(2);
    });
  });

  it('uses as many connections as allowed, and no more', async () => {
    let inFlight = 0;
    let most = 0;
    let waiting: (() => void)[] = [];
    const api = async (asked: Asked): Promise<object> => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      // Answers nothing until three requests wait.
      const released = new Promise<void>((resolve) => waiting.push(resolve));
      if (waiting.length === 3) {
        await settled();
        for (const release of waiting) release();
        waiting = [];
      }
      await released;
      inFlight -= 1;
      return theArticle(asked);
    };
    await withApi({ api, client: { connections: 3 } }, async ({ legifrance, asked }) => {
      await Promise.all(Array.from({ length: 30 }, (_, n) => legifrance.consult(id(n), inTime())));
      expect(most).toBe(3);
      expect(asked).toHaveLength(30);
    });
  });

  it('serves waiting requests in order', async () => {
    await withApi({ api: theArticle, client: { connections: 1 } }, async ({ legifrance, asked }) => {
      const ids = Array.from({ length: 30 }, (_, n) => id(n));
      await Promise.all(ids.map((one) => legifrance.consult(one, inTime())));
      expect(asked.map(({ body }) => (body as { id: string }).id)).toEqual(ids);
    });
  });

  it('requests no permission to send before it has a connection', async () => {
    const reached = Promise.withResolvers<undefined>();
    const release = Promise.withResolvers<undefined>();
    let arrived = 0;
    const api = async (asked: Asked): Promise<object> => {
      arrived += 1;
      if (arrived === 3) reached.resolve(undefined);
      await release.promise;
      return theArticle(asked);
    };
    await withApi({ api, client: { connections: 3 } }, async ({ legifrance, quota }) => {
      const all = Promise.all(Array.from({ length: 30 }, (_, n) => legifrance.consult(id(n), inTime())));
      await reached.promise;
      expect(quota.acquired).toBe(3);
      release.resolve(undefined);
      await all;
      expect(quota.acquired).toBe(30);
    });
  });
});
