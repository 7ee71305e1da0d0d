import { isHtml, isUnauthenticated, parseJson, retryAfterMs } from './answers.ts';
import { failedAnswer, failedExchange, type Asked } from './failures.ts';
import type { Gate } from './transport/gate.ts';
import type { Answer, Http } from './transport/http.ts';
import type { Quota } from './quota/quota.ts';
import { withRetries, type RetryDeps } from './transport/retry.ts';
import type { Tokens } from './transport/token.ts';

/** One question to the API. */
export interface Question<T> {
  readonly kind: 'document' | 'listing';
  /** Below the API's base: `/search`. */
  readonly path: string;
  readonly body: object;
  /** Names the question in messages: an id, a page. */
  readonly subject: string;
  /**
   * Makes something of the answer. Throws `MalformedAnswer` where it cannot be what was asked for (it is then asked for
   * again), or a `LegisyncError`, which is final.
   */
  readonly read: (json: unknown, body: Buffer) => T;
}

export interface Api {
  /**
   * `rank`: see {@link Legifrance}.
   *
   * @throws LegisyncError as the failure table says; the signal's reason when it is aborted.
   */
  ask<T>(question: Question<T>, signal: AbortSignal, rank?: number): Promise<T>;
}

export interface ApiDeps extends RetryDeps {
  readonly apiUrl: string;
  readonly http: Http;
  readonly tokens: Tokens;
  readonly quota: Quota;
  readonly gate: Gate;
}

/**
 * Asks the API: with a token, within the quota, with a few retries in place.
 *
 * The order of the waits is what keeps the quota true. A request first takes its connection (the gate), then the token,
 * and the quota last, so that nothing is left to wait for between the permission and the send. With the quota first,
 * requests would pile up behind slow connections and go out together when these free up, far more than 20 in a second.
 *
 * Every send takes a place in the quota, retries and replays included: the API counts them all.
 */
export function createApi(deps: ApiDeps): Api {
  const { clock, gate, http, quota, tokens } = deps;
  const base = deps.apiUrl.replace(/\/+$/, '');

  async function send(
    question: Question<unknown>,
    token: string,
    signal: AbortSignal,
    rank: number,
  ): Promise<Answer> {
    const permission = await quota.acquire(signal, rank);
    const answer = await http.post(
      {
        url: `${base}${question.path}`,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          'content-type': 'application/json',
        },
        body: JSON.stringify(question.body),
      },
      signal,
    );
    // Not where it failed: what we gave up may be on its way yet.
    permission.arrived();
    return answer;
  }

  return {
    ask(question, signal, rank = 0) {
      const asked: Asked = { kind: question.kind, what: `POST ${question.path} ${question.subject}` };
      let replayed = false;

      async function once() {
        let token = await tokens.get(signal);
        let answer = await send(question, token, signal, rank);
        if (isUnauthenticated(answer) && !replayed) {
          // Most likely it has expired. All who were sent away with it share the new one, and each replays once.
          replayed = true;
          tokens.drop(token);
          token = await tokens.get(signal);
          answer = await send(question, token, signal, rank);
        }
        if (answer.status === 429 || isUnauthenticated(answer)) quota.throttled(retryAfterMs(answer, clock));
        if (answer.status < 200 || answer.status > 299 || isHtml(answer)) {
          throw failedAnswer(asked, answer, clock, [token]);
        }
        return question.read(parseJson(answer.body), answer.body);
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
