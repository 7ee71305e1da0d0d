import { z } from 'zod';
import { isCategory } from '../contract/documents.ts';
import { Secret } from './secret.ts';
import { parseWholeNumber, wholeNumberRule, type Bounds } from './wholeNumber.ts';

/**
 * Rules of single settings: they turn the text of an environment variable into a value. The message
 * of each rule ends the sentence "NAME …". It never contains the value: the caller adds the value
 * unless it is a secret.
 */

/** A whole number within the bounds. */
export const wholeNumberOf = (bounds: Bounds) =>
  z
    .string()
    .refine((text) => parseWholeNumber(text, bounds) !== null, { error: wholeNumberRule(bounds) })
    .transform(Number);

/** One of several words. */
export const oneOf = <const W extends readonly [string, ...string[]]>(words: W) =>
  z.enum(words, { error: `must be one of: ${words.join(', ')}` });

/** Text that matches `pattern`. `rule` ends the sentence "NAME …". */
export const matching = (pattern: RegExp, rule: string) => z.string().regex(pattern, { error: rule });

/**
 * An `https` URL without user, query and fragment. A trailing slash is removed. Secrets are sent to
 * it, so `http` is accepted only for hosts outside public networks: this machine, and names without
 * a dot (containers, Kubernetes services).
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

/**
 * A parsed URL writes IPv4 addresses with dots and IPv6 addresses in brackets, so neither looks
 * like a name.
 */
function isNearby(text: string): boolean {
  return /^([\w-]+|127(\.\d+){3}|\[::1\])$/.test(URL.parse(text)?.hostname ?? '');
}

/** A secret: at least one character, no white space. */
export const secret = (pattern = /^\S+$/, rule = 'must not contain white space') =>
  matching(pattern, rule).transform((text) => new Secret(text));

/**
 * Supabase's service key. The old kind is a JWT (three parts of base64url), the new kind begins
 * with `sb_secret_`. It is never decoded: the server checks its claims.
 */
export const serviceKey = () =>
  secret(
    /^(sb_secret_[\w-]+|[\w-]+\.[\w-]+\.[\w-]+)$/,
    'must be a JWT (three parts separated by dots) or begin with sb_secret_; the publishable (anon) key must not write',
  );

/** Values of a status column, separated by commas. Duplicates are removed. */
export const statusValues = () =>
  z
    .string()
    .transform(splitList)
    .refine((list) => list.length > 0 && list.every((value) => value.length <= 63), {
      error: 'must be one or more values of at most 63 characters, separated by commas',
    });

/** Names of collections, separated by commas, or the word `none`. */
export const collectionNames = () =>
  z
    .string()
    .transform((text) => (text.trim() === 'none' ? [] : splitList(text)))
    .refine((list) => list.every(isCategory), {
      error:
        'must be names of collections (lower case letters, digits, "-" and "_") separated by commas, or none',
    });

function splitList(text: string): readonly string[] {
  const list = text.split(',').map((value) => value.trim());
  return [...new Set(list.filter((value) => value !== ''))];
}

/** An address to listen on, `host:port`. */
export const hostAndPort = () =>
  z
    .string()
    .refine((text) => hostPort(text) !== null, { error: 'must be host:port, with a port from 1 to 65535' });

/** An address to listen on, or the word `none`: undefined. */
export const hostAndPortOrNone = () =>
  z
    .string()
    .refine((text) => text === 'none' || hostPort(text) !== null, {
      error: 'must be host:port, with a port from 1 to 65535, or none',
    })
    .transform((text) => (text === 'none' ? undefined : text));

function hostPort(text: string): string | null {
  const [, host, port] = /^([\w.-]+|\[[\da-fA-F:]+\]):(\d{1,5})$/.exec(text) ?? [];
  return host !== undefined && Number(port) >= 1 && Number(port) <= 65_535 ? host : null;
}

/**
 * An IANA time zone that this machine knows. The Temporal server has its own list of the same
 * names.
 */
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
