import type { Clock } from './clock.ts';
import type { Answer } from './transport/http.ts';
import { MAX_RETRY_AFTER_MS } from '../contract/timing.ts';

/**
 * The answer cannot be the one that was requested: it is truncated, degenerate or about something
 * else. The message says why.
 */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
}

/**
 * Whether this is a web page: a maintenance notice or an error page of the gateway, never the API.
 */
export function isHtml(answer: Answer): boolean {
  return (
    /\bhtml\b/i.test(answer.headers['content-type'] ?? '') ||
    answer.body.subarray(0, 64).toString().trimStart().startsWith('<')
  );
}

/**
 * Whether the gateway rejected the token. It answers 400, not 401, if it cannot parse the token.
 */
export function isUnauthenticated(answer: Answer): boolean {
  return answer.status === 401 || (answer.status === 400 && 'www-authenticate' in answer.headers);
}

/**
 * The body as JSON.
 *
 * @throws MalformedAnswer if it is not UTF-8 or not JSON: the answer was truncated in transit.
 */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    // No cause: V8 quotes the text that it could not parse, and that text may contain a token.
    throw new MalformedAnswer(`${body.length} bytes that are not JSON`);
  }
}

/**
 * The API's own explanation of an error: `message` in the API's error body, `error` in the token
 * endpoint's; '' if there is none.
 */
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
 * The wait that `Retry-After` asks for, in milliseconds, at most an hour; undefined if the header
 * is absent or invalid. `Retry-After` is a number of seconds or an HTTP date (RFC 9110, 10.2.3).
 */
export function retryAfterMs(answer: Answer, clock: Clock): number | undefined {
  const text = answer.headers['retry-after']?.trim();
  if (text === undefined || text === '') return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - clock.date();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}
