import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Pool } from 'pg';
import type { Counters } from '../counters.ts';
import { tokenOf } from '../keys.ts';
import type { KeyRing } from '../keys.ts';
import { notImplemented } from '../notImplemented.ts';
import { assertSingle, wantsObject } from './answer.ts';
import type { RestAnswer } from './answer.ts';
import { RestError, toRestError } from './errors.ts';
import { parsePreferences } from './preferences.ts';
import { UnsupportedQuery } from './query.ts';
import { readRows } from './read.ts';
import { callFunction } from './rpc.ts';
import type { RestRequest } from './session.ts';
import { refuseUnsupported } from './unsupported.ts';
import { insertRows, updateRows } from './write.ts';
import type { Write } from './write.ts';

interface Deps {
  readonly pool: Pool;
  readonly keyRing: KeyRing;
  readonly counters: Counters;
}

type Row = Record<string, unknown>;

/** PostgREST accepts a JWT for this long after its expiry, because clocks may differ. */
const JWT_TOLERANCE_SECONDS = 30;
const JSON_TYPE = 'application/json; charset=utf-8';

/** The routes of `/rest/v1`. */
export function restRoutes(app: FastifyInstance, { pool, keyRing, counters }: Deps): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  // The error handler must know whether the caller was anon.
  const roles = new WeakMap<FastifyRequest, string>();

  app.setErrorHandler((error, request, reply) => {
    if (error instanceof UnsupportedQuery) return notImplemented(request, reply, error.message);
    const known = toRestError(error, roles.get(request) ?? 'anon');
    return reply
      .code(known.status)
      .header('proxy-status', `PostgREST; error=${known.code}`)
      .type(JSON_TYPE)
      .send(JSON.stringify(known.body()));
  });

  const open = async (request: FastifyRequest): Promise<RestRequest> => {
    const profile = request.headers['content-profile'] ?? request.headers['accept-profile'] ?? 'public';
    if (profile !== 'public') {
      throw new RestError(
        ...([406, 'PGRST106', `Invalid schema: ${String(profile)}`] as const),
        null,
        'Only the following schemas are exposed: public',
      );
    }
    const parts = tokenOf(request.headers).split('.').length;
    const caller = await keyRing.identify(request.headers, JWT_TOLERANCE_SECONDS).catch((error: unknown) => {
      if (parts === 3) throw error;
      throw new RestError(401, 'PGRST301', `Expected 3 parts in JWT; got ${parts}`);
    });
    roles.set(request, caller.role);
    refuseUnsupported(request);
    return { pool, caller, method: request.method, path: request.url.split('?', 1)[0] ?? '' };
  };
  const openWrite = async (request: FastifyRequest<{ Params: { table: string } }>): Promise<Write> => ({
    request: await open(request),
    table: request.params.table,
    query: queryOf(request),
    prefer: parsePreferences(preferOf(request)),
    single: wantsObject(request.headers.accept),
  });

  app.setNotFoundHandler((request, reply) => notImplemented(request, reply));
  // The API's description. Without this route, the empty name would count as a table.
  app.all('/', (request, reply) => notImplemented(request, reply));

  app.post<{ Params: { name: string } }>('/rpc/:name', async (request, reply) => {
    const opened = await open(request);
    if (queryOf(request).size > 0) throw new UnsupportedQuery('filters on the result of a function');
    const args = rowsOf(request.body)[0] ?? {};
    counters.rpc(request.params.name);
    const { body, rows } = await callFunction(opened, request.params.name, args);
    if (body === undefined) return reply.code(204).send();
    const contentRange = `${rows === 0 ? '*' : `0-${rows - 1}`}/*`;
    return reply.header('content-range', contentRange).type(JSON_TYPE).send(body);
  });

  app.route<{ Params: { table: string } }>({
    method: ['GET', 'HEAD'],
    url: '/:table',
    handler: async (request, reply) => {
      const { count } = parsePreferences(preferOf(request));
      const answer = await readRows(await open(request), request.params.table, queryOf(request), count);
      return send(request, reply, answer);
    },
  });
  app.post<{ Params: { table: string } }>('/:table', async (request, reply) =>
    send(request, reply, await insertRows(await openWrite(request), rowsOf(request.body))),
  );
  app.patch<{ Params: { table: string } }>('/:table', async (request, reply) =>
    send(request, reply, await updateRows(await openWrite(request), rowsOf(request.body)[0] ?? {})),
  );
}

function send(request: FastifyRequest, reply: FastifyReply, answer: RestAnswer): FastifyReply {
  void reply.code(answer.status).header('content-range', answer.contentRange);
  if (answer.body === undefined) return reply.send();
  if (!wantsObject(request.headers.accept)) return reply.type(JSON_TYPE).send(answer.body);
  assertSingle(answer.rows);
  // A list of one object, without its brackets.
  return reply.type('application/vnd.pgrst.object+json; charset=utf-8').send(answer.body.trim().slice(1, -1));
}

function queryOf(request: FastifyRequest): URLSearchParams {
  const at = request.url.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : request.url.slice(at + 1));
}

function preferOf(request: FastifyRequest): string | undefined {
  const value = request.headers['prefer'];
  return Array.isArray(value) ? value.join(',') : value;
}

/** The body as a list of objects: one object becomes a list of one, no body an empty list. */
function rowsOf(body: unknown): Row[] {
  if (typeof body !== 'string' || body === '') return [];
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new RestError(400, 'PGRST102', 'Empty or invalid json');
  }
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (!list.every(isRow)) throw new RestError(400, 'PGRST102', 'All items must be JSON objects');
  return list;
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
