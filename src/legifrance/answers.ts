import type { Clock } from './clock.ts';
import type { Answer } from './transport/http.ts';
import { MAX_RETRY_AFTER_MS } from './quota/quota.ts';

/** The answer cannot be what was asked for: truncated, degenerate, or about something else. The message says why. */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
}

/** Whether this is a page for people: a maintenance notice or a gateway's error, never the API. */
export function isHtml(answer: Answer): boolean {
  return (
    /\bhtml\b/i.test(answer.headers['content-type'] ?? '') ||
    answer.body.subarray(0, 64).toString().trimStart().startsWith('<')
  );
}

/** Whether the gateway did not accept the token. It answers 400, not 401, where it cannot read one at all. */
export function isUnauthenticated(answer: Answer): boolean {
  return answer.status === 401 || (answer.status === 400 && 'www-authenticate' in answer.headers);
}

/**
 * The body as JSON.
 *
 * @throws MalformedAnswer where it is no UTF-8 or no JSON: such an answer was cut on its way.
 */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    // Without the cause: V8 quotes the text that it could not parse, and the token endpoint's holds a token.
    throw new MalformedAnswer(`${body.length} bytes that are no JSON`);
  }
}

/** What the API itself says of an error (`message` of its error body, `error` of the token endpoint's), or ''. */
export function explanation(answer: Answer): string {
  try {
    const json = parseJson(answer.body);
    if (typeof json !== 'object' || json === null) return '';
    const text = 'message' in json ? json.message : 'error' in json ? json.error : '';
    return typeof text === 'string' ? text.replace(/\s+/g, ' ').trim() : '';
  } catch {
    return '';
  }
}

/**
 * How long the other side asks us to wait, in milliseconds, at most an hour; undefined where it does not say or cannot be
 * understood. `Retry-After` is a number of seconds or an HTTP date (RFC 9110, 10.2.3).
 */
export function retryAfterMs(answer: Answer, clock: Clock): number | undefined {
  const text = answer.headers['retry-after']?.trim();
  if (text === undefined || text === '') return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - clock.date();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}
