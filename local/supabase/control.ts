import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';

/** Longer than any answer of the real services. `close()` does not wait for it. */
const MAX_DELAY_MS = 600_000;

const target = {
  /** Regular expression over `METHOD /path`, e.g. `^POST /storage/v1/object/`. */
  match: z.string(),
  /** Number of requests that it affects; undefined: all, until it is cleared. */
  times: z.int().positive().optional(),
};

const faultSchema = z.discriminatedUnion('kind', [
  /** Answers at once with this status and body, and does nothing. */
  z.object({
    ...target,
    kind: z.literal('status'),
    status: z.int().min(400).max(599),
    body: z.unknown().optional(),
  }),
  /**
   * An error whose text repeats the service key: as it is, URL-encoded, in base64 and escaped in
   * JSON.
   */
  z.object({ ...target, kind: z.literal('echo'), status: z.int().min(400).max(599) }),
  /** The error page of a proxy: status 502, HTML. */
  z.object({ ...target, kind: z.literal('html502') }),
  /** Cuts the connection before anything is done. */
  z.object({ ...target, kind: z.literal('reset-before') }),
  /** Does the work, then cuts the connection instead of answering. */
  z.object({ ...target, kind: z.literal('reset-after') }),
  /** Answers normally after a delay. */
  z.object({ ...target, kind: z.literal('delay'), delayMs: z.int().min(0).max(MAX_DELAY_MS) }),
]);

/** A fault to inject, for tests and demonstrations. */
type Fault = z.input<typeof faultSchema>;

const controlSchema = z.preprocess(
  parseJson,
  z.strictObject({
    clear: z.boolean().optional(),
    fault: faultSchema.optional(),
    latencyMs: z.int().min(0).max(MAX_DELAY_MS).optional(),
  }),
);

export interface Control {
  /** Adds a fault. If several match a request, the first one added is used. */
  fault(fault: Fault): void;
  /** Removes all faults. */
  clear(): void;
  /** Delays every answer by this time. */
  setLatency(latencyMs: number): void;
}

interface ArmedFault {
  readonly fault: z.output<typeof faultSchema>;
  readonly pattern: RegExp;
  left: number;
}

const HTML_502 =
  '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';

/**
 * Applies the faults to every route of `app`, and adds `POST /_control` and `GET /_control`.
 * Aborting `signal` ends all delays, so that the server closes at once.
 */
export function installControl(app: FastifyInstance, signal: AbortSignal): Control {
  let armed: ArmedFault[] = [];
  let latencyMs = 0;
  const loseAnswer = new WeakSet<FastifyRequest>();

  const control: Control = {
    fault(input) {
      const fault = faultSchema.parse(input);
      armed.push({ fault, pattern: new RegExp(fault.match), left: fault.times ?? Number.POSITIVE_INFINITY });
    },
    clear() {
      armed = [];
    },
    setLatency(value) {
      latencyMs = value;
    },
  };

  const take = (request: FastifyRequest): ArmedFault['fault'] | undefined => {
    const line = `${request.method} ${pathOf(request)}`;
    const hit = armed.find((one) => one.pattern.test(line));
    if (hit === undefined) return undefined;
    hit.left -= 1;
    if (hit.left <= 0) armed = armed.filter((one) => one !== hit);
    return hit.fault;
  };
  const wait = async (ms: number): Promise<void> => {
    if (ms > 0) await pause(ms, undefined, { signal }).catch(() => undefined);
  };

  app.addHook('onRequest', async (request, reply) => {
    if (request.url.startsWith('/_')) return;
    await wait(latencyMs);
    const fault = take(request);
    if (fault === undefined) return;
    switch (fault.kind) {
      case 'status':
        return reply.code(fault.status).send(fault.body ?? { message: `fault: status ${fault.status}` });
      case 'echo':
        return reply.code(fault.status).send(echoOf(request, fault.status));
      case 'html502':
        return reply.code(502).type('text/html').send(HTML_502);
      case 'reset-before':
        reply.hijack();
        request.raw.socket.resetAndDestroy();
        return reply;
      case 'reset-after':
        loseAnswer.add(request);
        return;
      case 'delay':
        await wait(fault.delayMs);
    }
  });
  app.addHook('onSend', (request, _reply, payload, done) => {
    if (loseAnswer.has(request)) request.raw.socket.resetAndDestroy();
    done(null, payload);
  });

  const state = (): object => ({
    latencyMs,
    faults: armed.map(({ fault, left }) => ({ ...fault, left: Number.isFinite(left) ? left : null })),
  });
  app.get('/_control', state);
  app.post('/_control', (request, reply) => {
    const parsed = controlSchema.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ message: z.prettifyError(parsed.error) });
    if (parsed.data.clear === true) control.clear();
    if (parsed.data.fault !== undefined) control.fault(parsed.data.fault);
    if (parsed.data.latencyMs !== undefined) control.setLatency(parsed.data.latencyMs);
    return reply.send(state());
  });
  return control;
}

/** In the form of Storage; PostgREST has `message` and `code`, too. */
function echoOf({ headers }: FastifyRequest, status: number): object {
  const given = headers.authorization ?? '';
  const forms = [
    given,
    encodeURIComponent(given),
    Buffer.from(given).toString('base64'),
    JSON.stringify(given),
  ];
  return { statusCode: String(status), error: 'Echo', message: forms.join(' | '), code: 'Echo' };
}

function parseJson(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return text;
  }
}

function pathOf(request: FastifyRequest): string {
  const path = request.url.split('?', 1)[0] ?? '';
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
