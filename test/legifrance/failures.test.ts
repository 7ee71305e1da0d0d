import { createServer } from 'node:http';
import { inspect } from 'node:util';
import type { FastifyReply } from 'fastify';
import { FAILURES, LegisyncError, type FailureCode } from '../../src/contract/failures.ts';
import { createLegifrance } from '../../src/legifrance/client.ts';
import type { Legifrance } from '../../src/legifrance/types.ts';
import {
  apiError,
  ARTICLE,
  articleAnswer,
  failureOf,
  hurriedClock,
  inTime,
  openQuota,
  SECRET,
  withStage,
} from './support.ts';

const consult = (api: Legifrance): Promise<unknown> => api.consult(ARTICLE, inTime());
const search = (api: Legifrance): Promise<unknown> =>
  api.search({ fond: 'CETAT', query: 'urbanisme', day: '2026-01-01' }, 1, 100, inTime());

interface Case {
  readonly title: string;
  readonly api?: (reply: FastifyReply) => unknown;
  readonly token?: (reply: FastifyReply) => unknown;
  readonly ask?: (api: Legifrance) => Promise<unknown>;
  readonly code: FailureCode;
  /** Requests at the API. */
  readonly requests: number;
  readonly tokenRequests?: number;
  readonly says?: RegExp;
  readonly retryAfterMs?: number;
  readonly throttles?: number;
}

const HTML = '<!doctype html><html><body>Maintenance</body></html>';
const sends =
  (status: number, body: unknown = '') =>
  (reply: FastifyReply) =>
    reply.code(status).send(body);
const text = (body: string) => (reply: FastifyReply) => reply.type('application/json').send(body);

const CASES: readonly Case[] = [
  {
    title: '429 without Retry-After is tried three times',
    api: sends(429),
    code: 'LEGIFRANCE_THROTTLED',
    requests: 3,
    throttles: 3,
  },
  {
    title: '429 with a short Retry-After is waited for, three times',
    api: (reply) => reply.code(429).header('retry-after', '7').send(),
    code: 'LEGIFRANCE_THROTTLED',
    requests: 3,
    retryAfterMs: 7_000,
    throttles: 3,
  },
  {
    title: '429 with a long Retry-After is handed to the caller at once',
    api: (reply) => reply.code(429).header('retry-after', '120').send(),
    code: 'LEGIFRANCE_THROTTLED',
    requests: 1,
    retryAfterMs: 120_000,
    throttles: 1,
  },
  {
    title: 'a Retry-After of days is cut to an hour',
    api: (reply) => reply.code(429).header('retry-after', '999999').send(),
    code: 'LEGIFRANCE_THROTTLED',
    requests: 1,
    retryAfterMs: 3_600_000,
    throttles: 1,
  },
  {
    title: '401 also with a new token is the load, not the credentials',
    api: sends(401, { error: 'invalid_client' }),
    code: 'LEGIFRANCE_THROTTLED',
    requests: 2,
    tokenRequests: 2,
    throttles: 1,
    says: /refused a token that it had just given/,
  },
  {
    title: '400 of the gateway, which could read no token, is as 401',
    api: (reply) => reply.code(400).header('www-authenticate', 'Bearer realm="DefaultRealm"').send(),
    code: 'LEGIFRANCE_THROTTLED',
    requests: 2,
    tokenRequests: 2,
    throttles: 1,
  },
  {
    title: '500 is tried twice',
    api: sends(500, apiError(500, 'Une exception non gérée est survenue')),
    code: 'LEGIFRANCE_UNAVAILABLE',
    requests: 2,
    says: /non gérée/,
  },
  { title: '502 is tried three times', api: sends(502), code: 'LEGIFRANCE_UNAVAILABLE', requests: 3 },
  { title: '503 is tried three times', api: sends(503), code: 'LEGIFRANCE_UNAVAILABLE', requests: 3 },
  { title: '504 is tried three times', api: sends(504), code: 'LEGIFRANCE_UNAVAILABLE', requests: 3 },
  { title: '404 withdraws no document', api: sends(404), code: 'LEGIFRANCE_UNAVAILABLE', requests: 3 },
  {
    title: 'a web page is no answer',
    api: (reply) => reply.type('text/html').send(HTML),
    code: 'LEGIFRANCE_UNAVAILABLE',
    requests: 3,
    says: /web page/,
  },
  {
    title: 'a web page called JSON is none either',
    api: text(HTML),
    code: 'LEGIFRANCE_UNAVAILABLE',
    requests: 3,
  },
  {
    title: 'a cut connection is tried three times',
    api: (reply) => reply.raw.destroy(),
    code: 'LEGIFRANCE_UNAVAILABLE',
    requests: 3,
    says: /UND_ERR_SOCKET|ECONNRESET/,
  },
  {
    title: 'a search answer cut short is asked for again',
    api: text('{"totalResultNumber": 3, "resu'),
    ask: search,
    code: 'LEGIFRANCE_UNAVAILABLE',
    requests: 3,
  },
  {
    title: 'a search answer without a total is not taken for an empty one',
    api: text('{"executionTime": 3}'),
    ask: search,
    code: 'LEGIFRANCE_UNAVAILABLE',
    requests: 3,
  },
  { title: '403 is not insisted on', api: sends(403), code: 'LEGIFRANCE_FORBIDDEN', requests: 1 },
  {
    title: '423 is not insisted on',
    api: sends(423),
    code: 'LEGIFRANCE_FORBIDDEN',
    requests: 1,
    says: /locked/,
  },
  {
    title: '400 on a search is our mistake',
    api: sends(400, apiError(400, 'Sort inconnu')),
    ask: search,
    code: 'LEGIFRANCE_REJECTED',
    requests: 1,
    says: /Sort inconnu/,
  },
  {
    title: '400 with the words for an unknown id, on a table of contents, is our mistake',
    api: sends(400, apiError(400, "L'expression à valider est fausse.")),
    ask: (api) => api.tableOfContents('LEGITEXT000031366350', '2026-01-01', inTime()),
    code: 'LEGIFRANCE_REJECTED',
    requests: 1,
  },
  { title: '413 is our mistake', api: sends(413), code: 'LEGIFRANCE_REJECTED', requests: 1 },
  {
    title: '`article: null` is an unknown id',
    api: text('{"executionTime":1,"article":null}'),
    code: 'DOCUMENT_NOT_FOUND',
    requests: 1,
  },
  {
    title: '400 with the words for it is an unknown id',
    api: sends(400, apiError(400, "L'expression à valider est fausse.")),
    code: 'DOCUMENT_NOT_FOUND',
    requests: 1,
  },
  {
    title: 'another 400 for a document is asked for again',
    api: sends(400),
    code: 'DOCUMENT_MALFORMED',
    requests: 3,
  },
  {
    title: 'a truncated document is asked for again',
    api: text(JSON.stringify(articleAnswer()).slice(0, 60)),
    code: 'DOCUMENT_MALFORMED',
    requests: 3,
  },
  {
    title: 'a document in broken UTF-8 is asked for again',
    api: (reply) => reply.type('application/json').send(Buffer.from([0x22, 0xff, 0x22])),
    code: 'DOCUMENT_MALFORMED',
    requests: 3,
  },
  {
    title: 'a body with a single key is asked for again',
    api: text('{"executionTime":1}'),
    code: 'DOCUMENT_MALFORMED',
    requests: 3,
  },
  {
    title: 'a document with a single key is asked for again',
    api: text(`{"article":{"id":"${ARTICLE}"}}`),
    code: 'DOCUMENT_MALFORMED',
    requests: 3,
  },
  {
    title: 'a document without an id is asked for again',
    api: text('{"article":{"num":"1","texte":"a"}}'),
    code: 'DOCUMENT_MALFORMED',
    requests: 3,
  },
  {
    title: 'another document than the one asked for is asked for again',
    api: (reply) => reply.send(articleAnswer('LEGIARTI000000000001')),
    code: 'DOCUMENT_MALFORMED',
    requests: 3,
    says: /LEGIARTI000000000001/,
  },
  {
    title: 'a document nested without end is malformed',
    api: text(`{"article":{"id":"${ARTICLE}","n":${'['.repeat(600)}${']'.repeat(600)}}}`),
    code: 'DOCUMENT_MALFORMED',
    requests: 3,
  },
  {
    title: 'an id of a kind we do not collect is refused before it is asked for',
    api: sends(200),
    ask: (api) => api.consult('LEGISCTA000006143344', inTime()),
    code: 'DOCUMENT_REFUSED',
    requests: 0,
    tokenRequests: 0,
  },
  {
    title: 'an id that is a path is refused before it is asked for',
    api: sends(200),
    ask: (api) => api.consult('../../etc/passwd', inTime()),
    code: 'DOCUMENT_REFUSED',
    requests: 0,
    tokenRequests: 0,
  },
  {
    title: 'a code that is none is refused before it is asked for',
    api: sends(200),
    ask: (api) => api.tableOfContents('LEGIARTI000044983201', '2026-01-01', inTime()),
    code: 'LEGIFRANCE_REJECTED',
    requests: 0,
    tokenRequests: 0,
  },
  {
    title: 'credentials refused three times are believed to be wrong',
    token: sends(401, { error: 'invalid_client' }),
    code: 'LEGIFRANCE_CREDENTIALS',
    requests: 0,
    tokenRequests: 3,
    says: /invalid_client/,
  },
  {
    title: 'credentials refused with 400 are wrong too',
    token: sends(400, { error: 'invalid_client' }),
    code: 'LEGIFRANCE_CREDENTIALS',
    requests: 0,
    tokenRequests: 3,
  },
  {
    title: 'a token endpoint that forbids is not insisted on',
    token: sends(403),
    code: 'LEGIFRANCE_FORBIDDEN',
    requests: 0,
    tokenRequests: 1,
  },
  {
    title: 'a token endpoint that is down is tried three times',
    token: sends(503),
    code: 'LEGIFRANCE_UNAVAILABLE',
    requests: 0,
    tokenRequests: 3,
  },
  {
    title: 'a token endpoint that throttles is tried three times',
    token: sends(429),
    code: 'LEGIFRANCE_THROTTLED',
    requests: 0,
    tokenRequests: 3,
  },
  {
    title: 'a token answer without a token is asked for again',
    token: (reply) => reply.send({ expires_in: 3600 }),
    code: 'LEGIFRANCE_UNAVAILABLE',
    requests: 0,
    tokenRequests: 3,
  },
];

describe('failures of Légifrance', () => {
  it.each(CASES)('$title: $code', async (one) => {
    const { api = sends(200), token, ask = consult } = one;
    await withStage({ api: (_asked, reply) => api(reply), ...(token && { token }) }, async (stage) => {
      const error = await failureOf(ask(stage.legifrance));
      expect(error).toBeInstanceOf(LegisyncError);
      expect(error).toMatchObject({ code: one.code, retryAfterMs: one.retryAfterMs });
      expect(String(error)).toMatch(one.says ?? /./);
      expect(stage.asked).toHaveLength(one.requests);
      expect(stage.quota.acquired).toBe(one.requests);
      expect(stage.quota.refusals).toHaveLength(one.throttles ?? 0);
      expect(stage.tokenRequests).toHaveLength(one.tokenRequests ?? 1);
    });
  });

  it('has a case above for every code that Légifrance can cause', () => {
    const ours = Object.keys(FAILURES).filter((code) => /^(LEGIFRANCE|DOCUMENT)_/.test(code));
    expect([...new Set(CASES.map(({ code }) => code))].sort()).toEqual(ours.sort());
  });

  it('takes a refused connection for an outage', async () => {
    const legifrance = createLegifrance({
      apiUrl: 'http://127.0.0.1:1',
      tokenUrl: 'http://127.0.0.1:1/token',
      clientId: 'id',
      clientSecret: () => SECRET,
      quota: openQuota(),
      clock: hurriedClock([]),
    });
    const error = await failureOf(consult(legifrance));
    await legifrance.close();
    expect(error).toMatchObject({ code: 'LEGIFRANCE_UNAVAILABLE' });
    expect(String(error)).toMatch(/ECONNREFUSED/);
  });

  it('pauses at least two seconds before it offers refused credentials again', async () => {
    await withStage({ api: () => '', token: sends(401) }, async ({ legifrance, pauses }) => {
      await failureOf(consult(legifrance));
      expect(pauses).toEqual([2_250, 3_000]);
    });
  });

  it('pauses longer each time, and as long as Retry-After asks on top', async () => {
    await withStage({ api: (_asked, reply) => sends(503)(reply) }, async ({ legifrance, pauses }) => {
      await failureOf(consult(legifrance));
      expect(pauses).toEqual([250, 1_000]);
    });
    const asks = (_asked: unknown, reply: FastifyReply) => reply.code(503).header('retry-after', '10').send();
    await withStage({ api: asks }, async ({ legifrance, pauses }) => {
      await failureOf(consult(legifrance));
      expect(pauses).toEqual([10_250, 11_000]);
    });
  });

  it('understands a Retry-After that is a date', async () => {
    const date = new Date(Date.now() + 600_000).toUTCString();
    const api = (_asked: unknown, reply: FastifyReply) => reply.code(429).header('retry-after', date).send();
    await withStage({ api }, async ({ legifrance, asked }) => {
      const error = await failureOf(consult(legifrance));
      expect(asked).toHaveLength(1);
      expect((error as LegisyncError).retryAfterMs).toBeGreaterThan(590_000);
      expect((error as LegisyncError).retryAfterMs).toBeLessThanOrEqual(600_000);
    });
  });

  it('goes on after trouble that passes', async () => {
    let count = 0;
    const api = (_asked: unknown, reply: FastifyReply) =>
      (count += 1) < 3 ? reply.code(503).send() : articleAnswer();
    await withStage({ api }, async ({ legifrance, asked }) => {
      await expect(legifrance.consult(ARTICLE, inTime())).resolves.toMatchObject({ id: ARTICLE });
      expect(asked).toHaveLength(3);
    });
  });

  it('never tells a secret, whatever the other side repeats of what it was sent', async () => {
    const echo = (reply: FastifyReply, words: string) =>
      reply.code(400).send({ message: words, error: words });
    const told: string[] = [];
    const log = {
      debug: (fields: object, message: string) => void told.push(inspect(fields), message),
      info: (fields: object, message: string) => void told.push(inspect(fields), message),
      warn: (fields: object, message: string) => void told.push(inspect(fields), message),
    };
    const canary = 'canary-token-th2uv3lq9z';
    await withStage(
      {
        client: { log },
        api: (_asked, reply, request) =>
          echo(reply, `Bad: ${request.headers.authorization ?? ''} ${'x'.repeat(180)}`),
        token: () => ({ access_token: canary, expires_in: 3600 }),
      },
      async ({ legifrance }) => {
        for (const ask of [consult, search])
          told.push(inspect(await failureOf(ask(legifrance)), { depth: 9 }));
      },
    );
    const tokenAnswers = [
      (reply: FastifyReply) => echo(reply, `Bad: client_secret=${encodeURIComponent(SECRET)} ${SECRET}`),
      // A token answer that is cut: the parser would quote the token.
      text(`{"access_token":"${canary}`),
      text(`"${canary}"`),
      text(canary),
    ];
    for (const token of tokenAnswers) {
      await withStage({ client: { log }, api: () => '', token }, async ({ legifrance }) => {
        told.push(inspect(await failureOf(consult(legifrance)), { depth: 9 }));
      });
    }
    expect(told.join('\n')).toMatch(/\[secret\]/);
    for (const secret of [canary, canary.slice(0, 9), SECRET, encodeURIComponent(SECRET)]) {
      expect(told.join('\n')).not.toContain(secret);
    }
  });

  it('does not follow a redirect, so that the token stays with the API', async () => {
    let strayed = 0;
    const elsewhere = createServer((_request, response) => {
      strayed += 1;
      response.end('{}');
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const address = elsewhere.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const api = (_asked: unknown, reply: FastifyReply) =>
      reply
        .code(307)
        .header('location', `http://127.0.0.1:${port ?? 0}/`)
        .send();
    await withStage({ api }, async ({ legifrance }) => {
      await expect(consult(legifrance)).rejects.toMatchObject({ code: 'LEGIFRANCE_UNAVAILABLE' });
    });
    elsewhere.close();
    expect(strayed).toBe(0);
  });
});
