import { z } from 'zod';
import { isCategory } from '../contract/documents.ts';
import { Secret } from './secret.ts';

/**
 * Rules of single settings: from the text of an environment variable to a value. Each says its rule as the end of
 * the sentence "NAME …". None puts the value into its message: the caller does, where the value is no secret.
 */

/** A whole number within bounds, both inclusive. */
export const integer = (min: number, max: number) =>
  z
    .string()
    .refine((text) => /^\d{1,10}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    })
    .transform(Number);

/** One of a few words. */
export const oneOf = <const W extends readonly [string, ...string[]]>(words: W) =>
  z.enum(words, { error: `must be one of: ${words.join(', ')}` });

/** Text that `pattern` matches. `rule` ends the sentence "NAME …". */
export const matching = (pattern: RegExp, rule: string) => z.string().regex(pattern, { error: rule });

/**
 * An `https` URL without user, query and fragment; a slash at its end is dropped. Secrets are sent to it, so `http` is for
 * hosts that no public network leads to: this machine, and names without a dot (containers, Kubernetes services).
 */
export const httpUrl = () =>
  z
    .string()
    .refine(isPlainHttpUrl, { error: 'must be an https:// URL without user, query or fragment' })
    .refine((text) => URL.parse(text)?.protocol !== 'http:' || isNearby(text), {
      error:
        'must be https:// unless its host is this machine or a name without a dot: secrets are sent to it',
    })
    .transform((text) => text.replace(/\/+$/, ''));

function isPlainHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    `${url.username}${url.password}${url.search}${url.hash}` === ''
  );
}

/** URLs write every IPv4 address with dots and every IPv6 address in brackets: nothing else of them looks like a name. */
function isNearby(text: string): boolean {
  return /^([\w-]+|127(\.\d+){3}|\[::1\])$/.test(URL.parse(text)?.hostname ?? '');
}

/** A secret of at least one character without white space. */
export const secret = (pattern = /^\S+$/, rule = 'must not contain white space') =>
  matching(pattern, rule).transform((text) => new Secret(text));

/**
 * Supabase's service key: the old kind is a JWT, which is three parts of base64url, the new kind begins with
 * `sb_secret_`. It is never decoded: which of its claims count is the server's affair.
 */
export const serviceKey = () =>
  secret(
    /^(sb_secret_[\w-]+|[\w-]+\.[\w-]+\.[\w-]+)$/,
    'must be a JWT (three parts with dots between) or begin with sb_secret_; the publishable (anon) key has no right to write',
  );

/** Words of a status column, with commas between. Doubles are dropped. */
export const statusValues = () =>
  z
    .string()
    .transform(splitWords)
    .refine((list) => list.length > 0 && list.every((word) => word.length <= 63), {
      error: 'must be one or several words of at most 63 characters, with commas between',
    });

/** Names of collections with commas between, or the word `none`. */
export const collectionNames = () =>
  z
    .string()
    .transform((text) => (text.trim() === 'none' ? [] : splitWords(text)))
    .refine((list) => list.every(isCategory), {
      error:
        'must be names of collections with commas between (lower case letters, digits, "-" and "_"), or none',
    });

function splitWords(text: string): string[] {
  const list = text.split(',').map((word) => word.trim());
  return [...new Set(list.filter((word) => word !== ''))];
}

/** A place to listen at, `host:port`. */
export const hostAndPort = () =>
  z
    .string()
    .refine((text) => hostPort(text) !== null, { error: 'must be host:port, with a port from 1 to 65535' });

function hostPort(text: string): string | null {
  const [, host, port] = /^([\w.-]+|\[[\da-fA-F:]+\]):(\d{1,5})$/.exec(text) ?? [];
  return host !== undefined && Number(port) >= 1 && Number(port) <= 65_535 ? host : null;
}

/** A time zone that this machine knows; the Temporal server has its own list of the same IANA names. */
export const timeZone = () =>
  z.string().refine(isTimeZone, { error: 'must be an IANA time zone, such as UTC or Europe/Paris' });

function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}
