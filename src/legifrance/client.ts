import { Agent, type Dispatcher } from 'undici';
import { LEGIFRANCE_REQUEST_MS } from '../contract/timing.ts';
import { createApi } from './api.ts';
import { systemClock, type Clock } from './clock.ts';
import { noLog, type Log } from './log.ts';
import { listCodes } from './listing/codes.ts';
import { consultRequest } from './consult.ts';
import { createGate } from './transport/gate.ts';
import { createHttp } from './transport/http.ts';
import type { Quota } from './quota/quota.ts';
import { searchRequest } from './listing/search.ts';
import { tableRequest } from './listing/toc.ts';
import { createTokens } from './transport/token.ts';
import type { Legifrance } from './types.ts';

export interface LegifranceOptions {
  /** Base URL of the API, including `/lf-engine-app`. */
  readonly apiUrl: string;
  /** PISTE's token endpoint, in the API's environment: the sandbox has its own credentials. */
  readonly tokenUrl: string;
  readonly clientId: string;
  /** Returns the secret. Called only when a token is requested. */
  readonly clientSecret: () => string;
  /** Shared by all clients of one PISTE application. */
  readonly quota: Quota;
  /**
   * Limit for one exchange, in milliseconds; each retry has its own. Default 60,000: other public
   * clients wait 8 to 60 s.
   */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * Requests in flight at a time. Default 10, as in the long-lived public collectors: 20 requests/s
   * need 10 at a latency of 0.5 s.
   */
  readonly connections?: number | undefined;
  readonly log?: Log | undefined;
  readonly clock?: Clock | undefined;
  /** Between 0 (inclusive) and 1 (exclusive). */
  readonly random?: (() => number) | undefined;
  /** Replaces the client's own connections. `close` leaves it open. */
  readonly dispatcher?: Dispatcher | undefined;
}

/** A client. `close` cuts its connections; requests in flight then fail. */
export type LegifranceClient = Legifrance & { close(): Promise<void> };

/** Creates a client of the Légifrance API. It opens no connection before the first request. */
export function createLegifrance(options: LegifranceOptions): LegifranceClient {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? noLog;
  const random = options.random ?? Math.random;
  const connections = options.connections ?? 10;
  const timeoutMs = options.requestTimeoutMs ?? LEGIFRANCE_REQUEST_MS;

  // A second safeguard: `createHttp` limits the whole exchange.
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
    tableOfContents: async (code, day, signal, rank) =>
      api.request(tableRequest(code, day, log), signal, rank),
    search: async (query, number, size, signal, rank) =>
      api.request(searchRequest(query, number, size, log), signal, rank),
    consult: async (id, signal, rank, onSend) => api.request(consultRequest(id), signal, rank, onSend),
    async close() {
      tokens.close();
      await own.destroy();
    },
  };
}
