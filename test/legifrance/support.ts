import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import {
  createLegifrance,
  type LegifranceClient,
  type LegifranceOptions,
} from '../../src/legifrance/client.ts';
import { systemClock, type Clock } from '../../src/legifrance/clock.ts';
import type { Permission, Quota } from '../../src/legifrance/quota/quota.ts';

export const SECRET = 'canary-client-secret/+=';

/** A clock that advances only by calls of `advance` and `stall`. */
export class FakeClock implements Clock {
  #now = 1_000_000;
  readonly #timers = new Set<{ readonly at: number; readonly wake: () => void }>();

  now = (): number => this.#now;
  date = (): number => Date.UTC(2026, 0, 1) + this.#now;

  after = (delayMs: number, wake: () => void): (() => void) => {
    const timer = { at: this.#now + delayMs, wake };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  get pending(): number {
    return this.#timers.size;
  }

  /** Advances by `ms` and wakes each timer at its time; promises settle before the next timer. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
    }
    this.#now = end;
    await settled();
  }

  /** Advances by `ms` without waking timers, as if the event loop were blocked. */
  stall(ms: number): void {
    this.#now += ms;
  }
}

/** Resolves when all promises that can settle now have settled. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/**
 * The system's clock, but pauses of less than 20 s pass at once and are recorded. Time limits of
 * exchanges are longer and stay.
 */
export function fastClock(pauses: number[]): Clock {
  return {
    ...systemClock,
    after(delayMs, wake) {
      if (delayMs >= 20_000) return systemClock.after(delayMs, wake);
      pauses.push(delayMs);
      return systemClock.after(0, wake);
    },
  };
}

/** A quota without limits that counts requests. */
export function openQuota(): Quota & {
  acquired: number;
  ranks: (number | undefined)[];
  refusals: (number | undefined)[];
} {
  const quota = {
    acquired: 0,
    ranks: [] as (number | undefined)[],
    refusals: [] as (number | undefined)[],
    acquire(signal: AbortSignal, rank?: number): Promise<Permission> {
      signal.throwIfAborted();
      quota.ranks.push(rank);
      quota.acquired += 1;
      return Promise.resolve({ arrived: () => undefined });
    },
    throttled(retryAfterMs?: number): void {
      quota.refusals.push(retryAfterMs);
    },
  };
  return quota;
}

export interface Asked {
  readonly path: string;
  readonly token: string;
  readonly body: unknown;
}

type Handler = (asked: Asked, reply: FastifyReply, request: FastifyRequest) => unknown;

export interface TestApi {
  readonly legifrance: LegifranceClient;
  readonly quota: ReturnType<typeof openQuota>;
  /** Requests to the API, in order. */
  readonly asked: Asked[];
  /** Bodies of the requests to the token endpoint. */
  readonly tokenRequests: string[];
  /** Pauses of the client, in milliseconds. */
  readonly pauses: number[];
  readonly url: string;
}

export interface TestApiOptions {
  readonly api: Handler;
  /** Default: `token-1`, `token-2`, … for an hour. */
  readonly token?: (reply: FastifyReply, count: number) => unknown;
  readonly client?: Partial<LegifranceOptions>;
}

/** Runs `use` with a server (API and token endpoint) and a client of it, and closes both. */
export async function withApi(options: TestApiOptions, use: (api: TestApi) => Promise<void>): Promise<void> {
  const asked: Asked[] = [];
  const tokenRequests: string[] = [];
  const server = Fastify({ forceCloseConnections: true });
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, body),
  );
  server.post('/token', (request, reply) => {
    tokenRequests.push(String(request.body));
    const count = tokenRequests.length;
    return (
      options.token?.(reply, count) ?? {
        access_token: `token-${count}`,
        token_type: 'Bearer',
        expires_in: 3600,
      }
    );
  });
  server.post('/api/*', (request, reply) => {
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    const one = { path: request.url.slice('/api'.length), token, body: request.body };
    asked.push(one);
    return options.api(one, reply, request);
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const quota = openQuota();
  const pauses: number[] = [];
  const legifrance = createLegifrance({
    apiUrl: `${url}/api/`,
    tokenUrl: `${url}/token`,
    clientId: 'canary-client-id',
    clientSecret: () => SECRET,
    quota,
    clock: fastClock(pauses),
    random: () => 0.5,
    ...options.client,
  });
  try {
    await use({ legifrance, quota, asked, tokenRequests, pauses, url });
  } finally {
    await legifrance.close();
    await server.close();
  }
}

/** A signal that ends a test that hangs. */
export const inTime = (): AbortSignal => AbortSignal.timeout(20_000);

export const ARTICLE = 'LEGIARTI000044983201';

/** An answer of /consult/getArticle, in the API's form. */
export const articleAnswer = (id = ARTICLE): object => ({
  executionTime: 3,
  dereferenced: false,
  article: { id, cid: 'LEGIARTI000006302217', num: '13', etat: 'VIGUEUR', texte: 'Le bénéfice imposable.' },
});

/** The API's error body: `error` is the number, `status` the text. */
export const apiError = (status: number, message: string): object => ({
  timestamp: 1_776_183_476_285,
  error: status,
  status: 'Error',
  message,
  errorCode: null,
  exceptionDetails: null,
});

/** The error with which `promise` rejects; fails if it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`Expected a failure, got ${JSON.stringify(value)}.`);
    },
    (error: unknown) => error,
  );
}
