import { createServer } from 'node:http';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { appErrorBody } from './answers/errors.ts';
import type { Control } from './control.ts';
import type { Parts } from './parts.ts';
import { API_BASE, API_PATHS, apiRoutes } from './routes/api.ts';
import { controlRoutes } from './routes/control.ts';
import { faultHooks, gatewayHooks, latencyHook, type ArrivalTimes } from './routes/gateway.ts';
import { TOKEN_PATH, tokenRoute } from './routes/token.ts';

/** No request of the API is larger than a few KB; a revised text may be 1 MB. */
const BODY_LIMIT_BYTES = 2 * 1024 * 1024;

/** Longer than the pauses of any client, so that no idle connection closes just as it is reused. */
const KEEP_ALIVE_MS = 72_000;

/**
 * Creates the simulator's server; it does not listen yet. Closing it ends all connections and waits
 * at once.
 */
export function buildServer(parts: Parts, control: Control): FastifyInstance {
  const { counters } = parts;
  const arrivals: ArrivalTimes = new WeakMap();
  const closing = new AbortController();
  const app = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: true,
    // Before fastify: a request arrives when Node has its headers, not after routing and parsing.
    serverFactory: (handler) => {
      const server = createServer((request, response) => {
        const now = parts.now();
        const path = (request.url ?? '').split('?', 1)[0] ?? '';
        if (path === TOKEN_PATH) counters.tokenAsked();
        if (path.startsWith(`${API_BASE}/`)) {
          counters.apiArrived(countedPath(path), now);
          arrivals.set(request, now);
        }
        handler(request, response);
      });
      server.keepAliveTimeout = KEEP_ALIVE_MS;
      return server;
    },
  });
  app.addHook('preClose', (done) => {
    closing.abort();
    done();
  });
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request: unknown, body: string, done: (error: null, form: URLSearchParams) => void) =>
      done(null, new URLSearchParams(body)),
  );
  app.setNotFoundHandler(notFound);
  controlRoutes(app, control);

  void app.register((scope, _options, done) => {
    scope.addHook('onResponse', (_request, reply, next) => {
      counters.tokenAnswered(reply.statusCode);
      next();
    });
    faultHooks(scope, parts, closing.signal, () => counters.tokenAnswered('reset'));
    tokenRoute(scope, parts);
    done();
  });
  void app.register(
    (scope, _options, done) => {
      scope.addHook('onResponse', (_request, reply, next) => {
        counters.apiAnswered(reply.statusCode);
        next();
      });
      gatewayHooks(scope, parts, arrivals);
      latencyHook(scope, parts, closing.signal);
      faultHooks(scope, parts, closing.signal, () => counters.apiAnswered('reset'));
      scope.setErrorHandler((error, _request, reply) => {
        const refused = hasStatus(error) && error.statusCode < 500;
        const code = refused ? 400 : 500;
        return reply
          .code(code)
          .send(appErrorBody(code, error instanceof Error ? error.message : String(error)));
      });
      scope.setNotFoundHandler(notFound);
      apiRoutes(scope, parts);
      done();
    },
    { prefix: API_BASE },
  );
  return app;
}

function notFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply
    .code(404)
    .send({ message: `No ${request.method} ${request.url} in the Légifrance simulator.` });
}

/** All unknown paths share one counter, to limit their number. */
function countedPath(path: string): string {
  const below = path.slice(API_BASE.length);
  return API_PATHS.find((known) => known === below) ?? 'other';
}

function hasStatus(error: unknown): error is { statusCode: number } {
  return (
    typeof error === 'object' &&
    error !== null &&
    'statusCode' in error &&
    typeof error.statusCode === 'number'
  );
}
