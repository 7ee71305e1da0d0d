import { isHtml, isUnauthenticated, parseJson, retryAfterMs } from './answers.ts';
import { failedAnswer, failedExchange, type Asked } from './failures.ts';
import type { Gate } from './transport/gate.ts';
import type { Answer, Http } from './transport/http.ts';
import type { Quota } from './quota/quota.ts';
import { withRetries, type RetryDeps } from './transport/retry.ts';
import type { Tokens } from './transport/token.ts';

/** One request to the API. */
export interface ApiRequest<T> {
  readonly kind: 'document' | 'listing';
  /** Relative to the API's base URL: `/search`. */
  readonly path: string;
  readonly body: object;
  /** Names the request in messages: an id, a page. */
  readonly subject: string;
  /**
   * Parses the answer. Throws `MalformedAnswer` if it is not the answer to this request (the
   * request is then retried), or a `LegisyncError`, which is final.
   */
  readonly read: (json: unknown, body: Buffer) => T;
}

export interface Api {
  /**
   * `rank`: see {@link Legifrance}. `onSend` is called each time that the request is sent.
   *
   * @throws LegisyncError with a code of the failure table; the signal's reason when it is aborted.
   */
  request<T>(request: ApiRequest<T>, signal: AbortSignal, rank?: number, onSend?: () => void): Promise<T>;
}

export interface ApiDeps extends RetryDeps {
  readonly apiUrl: string;
  readonly http: Http;
  readonly tokens: Tokens;
  readonly quota: Quota;
  readonly gate: Gate;
}

/**
 * Sends requests to the API: with a token, within the quota, with a few retries.
 *
 * The order of the waits keeps requests within the quota. A request waits for a connection (the
 * gate), then for the token, and for the quota last: it is sent as soon as the quota permits it. If
 * it waited for the quota first, permitted requests would queue for slow connections and leave
 * together when these become free: far more than 20 in one second.
 *
 * Every send counts against the quota, retries and replays included, because the API counts them
 * all.
 */
export function createApi(deps: ApiDeps): Api {
  const { clock, gate, http, quota, tokens } = deps;
  const base = deps.apiUrl.replace(/\/+$/, '');

  async function send(
    request: ApiRequest<unknown>,
    token: string,
    signal: AbortSignal,
    rank: number,
    onSend: (() => void) | undefined,
  ): Promise<Answer> {
    const permission = await quota.acquire(signal, rank);
    onSend?.();
    const answer = await http.post(
      {
        url: `${base}${request.path}`,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          'content-type': 'application/json',
        },
        body: JSON.stringify(request.body),
      },
      signal,
    );
    // Not after a failure: the request may still be in transit.
    permission.arrived();
    return answer;
  }

  return {
    request(request, signal, rank = 0, onSend) {
      const asked: Asked = { kind: request.kind, what: `POST ${request.path} ${request.subject}` };
      let replayed = false;

      async function once() {
        let token = await tokens.get(signal);
        let answer = await send(request, token, signal, rank, onSend);
        if (isUnauthenticated(answer) && !replayed) {
          // The token has probably expired. All requests that were rejected with it share the new
          // token, and each is replayed once.
          replayed = true;
          tokens.drop(token);
          token = await tokens.get(signal);
          answer = await send(request, token, signal, rank, onSend);
        }
        if (answer.status === 429 || isUnauthenticated(answer)) quota.throttled(retryAfterMs(answer, clock));
        if (answer.status < 200 || answer.status > 299 || isHtml(answer)) {
          throw failedAnswer(asked, answer, clock, [token]);
        }
        return request.read(parseJson(answer.body), answer.body);
      }

      return withRetries(deps, signal, () =>
        gate.run(
          async () => {
            try {
              return await once();
            } catch (error) {
              throw failedExchange(asked, error);
            }
          },
          signal,
          rank,
        ),
      );
    },
  };
}
