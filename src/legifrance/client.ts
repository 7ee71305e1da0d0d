import { Agent, type Dispatcher } from 'undici';
import { createApi } from './api.ts';
import { systemClock, type Clock } from './clock.ts';
import { noLog, type Log } from './log.ts';
import { listCodes } from './listing/codes.ts';
import { consultQuestion } from './consult.ts';
import { createGate } from './transport/gate.ts';
import { createHttp } from './transport/http.ts';
import type { Quota } from './quota/quota.ts';
import { searchQuestion } from './listing/search.ts';
import { tableQuestion } from './listing/toc.ts';
import { createTokens } from './transport/token.ts';
import type { Legifrance } from './types.ts';

export interface LegifranceOptions {
  /** Base of the API, up to and with `/lf-engine-app`. */
  readonly apiUrl: string;
  /** PISTE's token endpoint. Of the same environment as the API: the sandbox has credentials of its own. */
  readonly tokenUrl: string;
  readonly clientId: string;
  /** Reveals the secret, when a token is asked for and at no other time. */
  readonly clientSecret: () => string;
  /** Shared by all clients of one PISTE application. */
  readonly quota: Quota;
  /** Bound of one exchange, in milliseconds; retries have their own. Default 60,000: others' clients wait 8 to 60 s. */
  readonly requestTimeoutMs?: number | undefined;
  /** Requests in flight at a time. Default 10, as the long-lived public collectors do; 20/s need it at 0.5 s latency. */
  readonly connections?: number | undefined;
  readonly log?: Log | undefined;
  readonly clock?: Clock | undefined;
  /** Between 0 (inclusive) and 1 (exclusive). */
  readonly random?: (() => number) | undefined;
  /** Replaces the client's own connections; left open by `close`. */
  readonly dispatcher?: Dispatcher | undefined;
}

/** A client, until `close`: then its connections are cut, and what is in flight fails. */
export type LegifranceClient = Legifrance & { close(): Promise<void> };

/** A client of the Légifrance API. Opens no connection before the first request. */
export function createLegifrance(options: LegifranceOptions): LegifranceClient {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? noLog;
  const random = options.random ?? Math.random;
  const connections = options.connections ?? 10;
  const timeoutMs = options.requestTimeoutMs ?? 60_000;

  // undici's own timers are the second line: `createHttp` bounds the exchange as a whole.
  const own = new Agent({
    connections,
    connectTimeout: timeoutMs,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  const http = createHttp(options.dispatcher ?? own, timeoutMs, clock);
  const retry = { clock, random, log };
  const tokens = createTokens(options, http, retry);
  const api = createApi({
    ...retry,
    apiUrl: options.apiUrl,
    http,
    tokens,
    quota: options.quota,
    gate: createGate(connections),
  });

  return {
    listCodes: (signal, rank) => listCodes(api, signal, rank),
    tableOfContents: async (code, day, signal, rank) => api.ask(tableQuestion(code, day, log), signal, rank),
    search: async (query, number, size, signal, rank) =>
      api.ask(searchQuestion(query, number, size, log), signal, rank),
    consult: async (id, signal, rank) => api.ask(consultQuestion(id), signal, rank),
    async close() {
      tokens.close();
      await own.destroy();
    },
  };
}
