import type { FastifyReply } from 'fastify';
import { FAILURES, LegisyncError, type FailureCode } from '../../src/contract/failures.ts';
import { createLegifrance } from '../../src/legifrance/client.ts';
import type { Legifrance } from '../../src/legifrance/types.ts';
import {
  apiError,
  ARTICLE,
  articleAnswer,
  failureOf,
  fastClock,
  inTime,
  openQuota,
  SECRET,
  withApi,
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
  /** Requests that reach the API. */
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
    title: '429 with a short Retry-After is tried three times, after the pause',
    api: (reply) => reply.code(429).header('retry-after', '7').send(),
    code: 'LEGIFRANCE_THROTTLED',
    requests: 3,
    retryAfterMs: 7_000,
    throttles: 3,
  },
  {
    title: '429 with a long Retry-After fails at once',
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
    title: '401 with a new token too means load, not wrong credentials',
    api: sends(401, { error: 'invalid_client' }),
    code: 'LEGIFRANCE_THROTTLED',
    requests: 2,
    tokenRequests: 2,
    throttles: 1,
    says: /refused a token that it had just given/,
  },
  {
    title: '400 of the gateway, if it cannot parse the token, is treated as 401',
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
  { title: '404 does not withdraw a document', api: sends(404), code: 'LEGIFRANCE_UNAVAILABLE', requests: 3 },
  {
    title: 'a web page is not an answer',
    api: (reply) => reply.type('text/html').send(HTML),
    code: 'LEGIFRANCE_UNAVAILABLE',
    requests: 3,
    says: /web page/,
  },
  {
    title: 'a web page with the content type of JSON is not an answer',
    api: text(HTML),
    code: 'LEGIFRANCE_UNAVAILABLE',
    requests: 3,
  },
  {
    title: 'a reset connection is tried three times',
    api: (reply) => reply.raw.destroy(),
    code: 'LEGIFRANCE_UNAVAILABLE',
    requests: 3,
    says: /UND_ERR_SOCKET|ECONNRESET/,
  },
  {
    title: 'a truncated search answer is retried',
    api: text('{"totalResultNumber": 3, "resu'),
    ask: search,
    code: 'LEGIFRANCE_UNAVAILABLE',
    requests: 3,
  },
  {
    title: 'a search answer without a total does not count as empty',
    api: text('{"executionTime": 3}'),
    ask: search,
    code: 'LEGIFRANCE_UNAVAILABLE',
    requests: 3,
  },
  { title: '403 is not retried', api: sends(403), code: 'LEGIFRANCE_FORBIDDEN', requests: 1 },
  {
    title: '423 is not retried',
    api: sends(423),
    code: 'LEGIFRANCE_FORBIDDEN',
    requests: 1,
    says: /locked/,
  },
  {
    title: '400 for a search is a bug in legisync',
    api: sends(400, apiError(400, 'Sort inconnu')),
    ask: search,
    code: 'LEGIFRANCE_REJECTED',
    requests: 1,
    says: /Sort inconnu/,
  },
  {
    title: '400 with the message for an unknown id, for a table of contents, is a bug in legisync',
    api: sends(400, apiError(400, "L'expression à valider est fausse.")),
    ask: (api) => api.tableOfContents('LEGITEXT000031366350', '2026-01-01', inTime()),
    code: 'LEGIFRANCE_REJECTED',
    requests: 1,
  },
  { title: '413 is a bug in legisync', api: sends(413), code: 'LEGIFRANCE_REJECTED', requests: 1 },
  {
    title: '`article: null` means an unknown id',
    api: text('{"executionTime":1,"article":null}'),
    code: 'DOCUMENT_NOT_FOUND',
    requests: 1,
  },
  {
    title: '400 with the message for an unknown id means an unknown id',
    api: sends(400, apiError(400, "L'expression à valider est fausse.")),
    code: 'DOCUMENT_NOT_FOUND',
    requests: 1,
  },
  {
    title: 'another 400 for a document is retried',
    api: sends(400),
    code: 'DOCUMENT_MALFORMED',
    requests: 3,
  },
  {
    title: 'a truncated document is retried',
    api: text(JSON.stringify(articleAnswer()).slice(0, 60)),
    code: 'DOCUMENT_MALFORMED',
    requests: 3,
  },
  {
    title: 'a document in invalid UTF-8 is retried',
    api: (reply) => reply.type('application/json').send(Buffer.from([0x22, 0xff, 0x22])),
    code: 'DOCUMENT_MALFORMED',
    requests: 3,
  },
  {
    title: 'a body with a single key is retried',
    api: text('{"executionTime":1}'),
    code: 'DOCUMENT_MALFORMED',
    requests: 3,
  },
  {
    title: 'a document with a single key is retried',
    api: text(`{"article":{"id":"${ARTICLE}"}}`),
    code: 'DOCUMENT_MALFORMED',
    requests: 3,
  },
  {
    title: 'a document without an id is retried',
    api: text('{"article":{"num":"1","texte":"a"}}'),
    code: 'DOCUMENT_MALFORMED',
    requests: 3,
  },
  {
    title: 'another document than the requested one is retried',
    api: (reply) => reply.send(articleAnswer('LEGIARTI000000000001')),
    code: 'DOCUMENT_MALFORMED',
    requests: 3,
    says: /LEGIARTI000000000001/,
  },
  {
    title: 'a document that nests too deep is malformed',
    api: text(`{"article":{"id":"${ARTICLE}","n":${'['.repeat(600)}${']'.repeat(600)}}}`),
    code: 'DOCUMENT_MALFORMED',
    requests: 3,
  },
  {
    title: 'an id of an unsupported kind is refused without a request',
    api: sends(200),
    ask: (api) => api.consult('LEGISCTA000006143344', inTime()),
    code: 'DOCUMENT_REFUSED',
    requests: 0,
    tokenRequests: 0,
  },
  {
    title: 'an id that is a path is refused without a request',
    api: sends(200),
    ask: (api) => api.consult('../../etc/passwd', inTime()),
    code: 'DOCUMENT_REFUSED',
    requests: 0,
    tokenRequests: 0,
  },
  {
    title: 'an id that is not a code is refused without a request',
    api: sends(200),
    ask: (api) => api.tableOfContents('LEGIARTI000044983201', '2026-01-01', inTime()),
    code: 'LEGIFRANCE_REJECTED',
    requests: 0,
    tokenRequests: 0,
  },
  {
    title: 'credentials refused three times count as wrong',
    token: sends(401, { error: 'invalid_client' }),
    code: 'LEGIFRANCE_CREDENTIALS',
    requests: 0,
    tokenRequests: 3,
    says: /invalid_client/,
  },
  {
    title: 'credentials refused with 400 count as wrong too',
    token: sends(400, { error: 'invalid_client' }),
    code: 'LEGIFRANCE_CREDENTIALS',
    requests: 0,
    tokenRequests: 3,
  },
  {
    title: '403 of the token endpoint is not retried',
    token: sends(403),
    code: 'LEGIFRANCE_FORBIDDEN',
    requests: 0,
    tokenRequests: 1,
  },
  {
    title: '503 of the token endpoint is tried three times',
    token: sends(503),
    code: 'LEGIFRANCE_UNAVAILABLE',
    requests: 0,
    tokenRequests: 3,
  },
  {
    title: '429 of the token endpoint is tried three times',
    token: sends(429),
    code: 'LEGIFRANCE_THROTTLED',
    requests: 0,
    tokenRequests: 3,
  },
  {
    title: 'a token answer without a token is retried',
    token: (reply) => reply.send({ expires_in: 3600 }),
    code: 'LEGIFRANCE_UNAVAILABLE',
    requests: 0,
    tokenRequests: 3,
  },
];

describe('failures of Légifrance', () => {
  it.each(CASES)('$title: $code', async (one) => {
    const { api = sends(200), token, ask = consult } = one;
    await withApi({ api: (_asked, reply) => api(reply), ...(token && { token }) }, async (world) => {
      const error = await failureOf(ask(world.legifrance));
      expect(error).toBeInstanceOf(LegisyncError);
      expect(error).toMatchObject({ code: one.code, retryAfterMs: one.retryAfterMs });
      expect(String(error)).toMatch(one.says ?? /./);
      expect(world.asked).toHaveLength(one.requests);
      expect(world.quota.acquired).toBe(one.requests);
      expect(world.quota.refusals).toHaveLength(one.throttles ?? 0);
      expect(world.tokenRequests).toHaveLength(one.tokenRequests ?? 1);
    });
  });

  it('have a case above for every code that Légifrance can cause', () => {
    const ours = Object.keys(FAILURES).filter((code) => /^(LEGIFRANCE|DOCUMENT)_/.test(code));
    expect([...new Set(CASES.map(({ code }) => code))].sort()).toEqual(ours.sort());
  });

  it('treat a refused connection as an outage', async () => {
    const legifrance = createLegifrance({
      apiUrl: 'http://127.0.0.1:1',
      tokenUrl: 'http://127.0.0.1:1/token',
      clientId: 'id',
      clientSecret: () => SECRET,
      quota: openQuota(),
      clock: fastClock([]),
    });
    const error = await failureOf(consult(legifrance));
    await legifrance.close();
    expect(error).toMatchObject({ code: 'LEGIFRANCE_UNAVAILABLE' });
    expect(String(error)).toMatch(/ECONNREFUSED/);
  });
});
