import { z } from 'zod';
import { isHtml, MalformedAnswer, parseJson } from '../answers.ts';
import { orAborted } from '../abort.ts';
import { failedAnswer, failedExchange, type Asked } from '../failures.ts';
import type { Http } from './http.ts';
import { withRetries, type RetryDeps } from './retry.ts';

/** The access token that all requests share. */
export interface Tokens {
  /**
   * A token that does not expire soon. Concurrent callers share one request for it.
   *
   * @throws LegisyncError `LEGIFRANCE_CREDENTIALS` after three refusals, `LEGIFRANCE_*` for other
   * failures; the signal's reason when it is aborted.
   */
  get(signal: AbortSignal): Promise<string>;
  /** The API refused `token`: never return it again. A newer token is kept. */
  drop(token: string): void;
  /** Ends a request in flight. */
  close(): void;
}

export interface TokenOptions {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: () => string;
}

/**
 * A token is renewed this long before it expires, so that it does not expire in transit or in a
 * queue.
 */
const EARLY_MS = 60_000;

const ASKED: Asked = { kind: 'token', what: 'the request for an access token' };

const tokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().positive() });

interface Token {
  readonly value: string;
  readonly renewAt: number;
}

/**
 * Tokens by the client-credentials grant, with the credentials in the body as PISTE documents it.
 * There is no refresh token. PISTE has quotas for each API and the token endpoint is not one of
 * them, so these requests do not count against the quota.
 *
 * No caller owns the request for a token: if one is aborted, the request continues for the others
 * that wait for the token.
 */
export function createTokens(options: TokenOptions, http: Http, deps: RetryDeps): Tokens {
  const closing = new AbortController();
  let current: Token | undefined;
  let flight: Promise<Token> | undefined;

  async function requestOnce(): Promise<Token> {
    const secret = options.clientSecret();
    const askedAt = deps.clock.now();
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: options.clientId,
      client_secret: secret,
      scope: 'openid',
    });
    try {
      const answer = await http.post(
        {
          url: options.tokenUrl,
          headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
          body: body.toString(),
        },
        closing.signal,
      );
      if (answer.status !== 200 || isHtml(answer)) throw failedAnswer(ASKED, answer, deps.clock, [secret]);
      const parsed = tokenAnswer.safeParse(parseJson(answer.body));
      if (!parsed.success) throw new MalformedAnswer('no access_token or expires_in');
      const lifetimeMs = parsed.data.expires_in * 1_000;
      // A token with a lifetime of a minute or less must still be used.
      const renewAt = askedAt + lifetimeMs - Math.min(EARLY_MS, lifetimeMs / 4);
      deps.log.info({ expiresInSeconds: parsed.data.expires_in }, 'Obtained a new Légifrance access token.');
      return { value: parsed.data.access_token, renewAt };
    } catch (error) {
      throw failedExchange(ASKED, error);
    }
  }

  async function renew(): Promise<Token> {
    try {
      current = await withRetries(deps, closing.signal, requestOnce);
      return current;
    } finally {
      flight = undefined;
    }
  }

  return {
    async get(signal) {
      signal.throwIfAborted();
      if (current !== undefined && deps.clock.now() < current.renewAt) return current.value;
      flight ??= renew();
      return (await orAborted(flight, signal)).value;
    },
    drop(token) {
      if (current?.value === token) current = undefined;
    },
    close: () => closing.abort(new Error('The Légifrance client is closed.')),
  };
}
