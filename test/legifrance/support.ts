import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import {
  createLegifrance,
  type LegifranceClient,
  type LegifranceOptions,
} from '../../src/legifrance/client.ts';
import { systemClock, type Clock } from '../../src/legifrance/clock.ts';
import type { Permission, Quota } from '../../src/legifrance/quota/quota.ts';

export const SECRET = 'canary-client-secret/+=';

/** A clock that stands still until it is told to go on. */
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

  /** Goes on by `ms`, waking each timer at its time; what they settle runs before the next one. */
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

  /** The event loop was blocked for `ms`: time went on, timers did not. */
  stall(ms: number): void {
    this.#now += ms;
  }
}

/** Lets every promise that can settle now do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** The system's clock, but pauses of a second or so pass at once; it notes each. Bounds of exchanges stay as they are. */
export function hurriedClock(pauses: number[]): Clock {
  return {
    ...systemClock,
    after(delayMs, wake) {
      if (delayMs >= 20_000) return systemClock.after(delayMs, wake);
      pauses.push(delayMs);
      return systemClock.after(0, wake);
    },
  };
}

/** A quota without limits that counts. */
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

export interface Stage {
  readonly legifrance: LegifranceClient;
  readonly quota: ReturnType<typeof openQuota>;
  /** What the API was asked, in order. */
  readonly asked: Asked[];
  /** Bodies that the token endpoint was sent. */
  readonly tokenRequests: string[];
  /** Pauses that the client made, in milliseconds. */
  readonly pauses: number[];
  readonly url: string;
}

export interface StageOptions {
  readonly api: Handler;
  /** Default: `token-1`, `token-2`, … for an hour. */
  readonly token?: (reply: FastifyReply, count: number) => unknown;
  readonly client?: Partial<LegifranceOptions>;
}

/** A server of API and token endpoint, and a client in front of it; both are gone when `play` has ended. */
export async function withStage(options: StageOptions, play: (stage: Stage) => Promise<void>): Promise<void> {
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
    clock: hurriedClock(pauses),
    random: () => 0.5,
    ...options.client,
  });
  try {
    await play({ legifrance, quota, asked, tokenRequests, pauses, url });
  } finally {
    await legifrance.close();
    await server.close();
  }
}

/** A signal that ends the test rather than let it hang. */
export const inTime = (): AbortSignal => AbortSignal.timeout(20_000);

export const ARTICLE = 'LEGIARTI000044983201';

/** An answer of /consult/getArticle, in the API's shape. */
export const articleAnswer = (id = ARTICLE): object => ({
  executionTime: 3,
  dereferenced: false,
  article: { id, cid: 'LEGIARTI000006302217', num: '13', etat: 'VIGUEUR', texte: 'Le bénéfice imposable.' },
});

/** The API's own error body: `error` is the number, `status` the words. */
export const apiError = (status: number, message: string): object => ({
  timestamp: 1_776_183_476_285,
  error: status,
  status: 'Error',
  message,
  errorCode: null,
  exceptionDetails: null,
});

/** The error with which `promise` was rejected; fails where it was not. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`Expected a failure, got ${JSON.stringify(value)}.`);
    },
    (error: unknown) => error,
  );
}
