import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { appErrorBody, UNHANDLED, UNKNOWN_ID } from '../answers/errors.ts';
import type { Fault } from '../faults.ts';
import type { Parts } from '../parts.ts';

const NO_TOKEN =
  'Bearer realm="DefaultRealm",error="invalid_request",error_description="Unable to find token in the message"';
const DEAD_TOKEN =
  'Bearer realm="DefaultRealm",error="invalid_token",error_description="Unable to validate token"';
const HTML_PAGE = '<html><head><title>Error</title></head><body><h1>Service unavailable</h1></body></html>';

/** Arrival time of each request, in monotonic ms, taken before anything else. */
export type ArrivalTimes = WeakMap<FastifyRequest['raw'], number>;

/**
 * The checks of PISTE before a request reaches Légifrance: first the quota, which counts every
 * request, then the token. No token gives HTTP 400 with an empty body; an expired or unknown one
 * gives 401.
 */
export function gatewayHooks(app: FastifyInstance, parts: Parts, arrivals: ArrivalTimes): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!parts.throttle.admit(arrivals.get(request.raw) ?? performance.now())) {
      if (parts.retryAfterSeconds !== null) void reply.header('retry-after', parts.retryAfterSeconds);
      return reply.code(429).send({ message: 'Quota exceeded' });
    }
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return reply.code(400).header('www-authenticate', NO_TOKEN).send();
    if (!parts.tokens.isLive(token)) return reply.code(401).header('www-authenticate', DEAD_TOKEN).send();
    return undefined;
  });
}

/** Delays each answer by the latency. Cancelled when the server closes. */
export function latencyHook(app: FastifyInstance, parts: Parts, closing: AbortSignal): void {
  app.addHook('preHandler', async () => {
    const { fixedMs, jitterMs } = parts.latency;
    const waitMs = fixedMs + Math.random() * jitterMs;
    if (waitMs > 0) await delay(waitMs, undefined, { signal: closing });
  });
}

/**
 * Injects the requested faults, after a request has passed the gateway and its body has been read.
 *
 * @param onReset called when a connection is cut, because no answer is sent then.
 */
export function faultHooks(
  app: FastifyInstance,
  parts: Parts,
  closing: AbortSignal,
  onReset: () => void,
): void {
  const truncated = new WeakSet<FastifyRequest>();
  app.addHook('preHandler', async (request, reply) => {
    const fault = parts.faults.take(pathOf(request), documentOf(request.body));
    if (fault === undefined) return undefined;
    switch (fault.kind) {
      case 'slow':
        await delay(fault.delayMs, undefined, { signal: closing });
        return undefined;
      case 'truncated':
        truncated.add(request);
        return undefined;
      case 'reset':
        reply.hijack();
        request.raw.socket.resetAndDestroy();
        onReset();
        return reply;
      case 'echo':
        return reply.code(fault.status).send({ message: echoOf(request) });
      case 'status':
      case 'invalidClient':
      case 'html':
      case 'degenerate':
        return sendFault(reply, fault);
      case 'notFound':
        if (fault.status !== undefined) return sendStatus(reply, fault.status);
        // As the routes answer an unknown id.
        return pathOf(request).endsWith('/consult/getArticle')
          ? reply.send({ executionTime: 3, dereferenced: false, article: null })
          : sendStatus(reply, 400);
    }
  });
  app.addHook('onSend', async (request, _reply, payload) => {
    if (!truncated.has(request)) return payload;
    if (typeof payload === 'string') return payload.slice(0, payload.length / 2);
    return Buffer.isBuffer(payload) ? payload.subarray(0, payload.length / 2) : payload;
  });
}

/** What a careless gateway writes into its error. */
function echoOf({ headers, body }: FastifyRequest): string {
  const secret = body instanceof URLSearchParams ? body.get('client_secret') : headers.authorization;
  const given = secret ?? '';
  return [
    given,
    encodeURIComponent(given),
    Buffer.from(given).toString('base64'),
    JSON.stringify(given),
  ].join(' | ');
}

type AnsweredFault = Exclude<Fault, { kind: 'slow' | 'truncated' | 'reset' | 'notFound' | 'echo' }>;

function sendFault(reply: FastifyReply, fault: AnsweredFault): FastifyReply {
  switch (fault.kind) {
    case 'invalidClient':
      return reply.code(401).send({ error: 'invalid_client' });
    case 'html':
      return reply.code(fault.status).type('text/html').send(HTML_PAGE);
    case 'degenerate':
      return reply.send({ executionTime: 3 });
    case 'status':
      if (fault.retryAfterSeconds !== undefined) void reply.header('retry-after', fault.retryAfterSeconds);
      return sendStatus(reply, fault.status);
  }
}

/** 500 and 400 with a body of the application, others with a body of a gateway. */
function sendStatus(reply: FastifyReply, status: number): FastifyReply {
  void reply.code(status);
  if (status === 500) return reply.send(appErrorBody(500, UNHANDLED));
  if (status === 400) return reply.send(appErrorBody(400, UNKNOWN_ID));
  return reply.send({ message: `Simulated fault ${status}` });
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}

/** The id of the document in a consult request. */
function documentOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const id = 'id' in body ? body.id : 'textId' in body ? body.textId : undefined;
  return typeof id === 'string' ? id : undefined;
}
