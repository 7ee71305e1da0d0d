import { HIDDEN, hideSecrets } from '../contract/knownSecrets.ts';

/** Removes secrets from a text. */
export type Scrub = (text: string) => string;

/**
 * Patterns of secrets whose value is unknown. Each takes linear time on a text without spaces,
 * stops at quotes and backslashes (a line of JSON stays JSON), and does not match its own output.
 */
const PATTERNS: readonly { readonly find: RegExp; readonly put: string }[] = [
  // `Authorization: Bearer …`, `Basic …` (RFC 9110, 11.4). At least eight characters: "Bearer of"
  // is not a token.
  { find: /\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, put: `$1 ${HIDDEN}` },
  // A JWT, or the beginning of one: its header is a JSON object, which begins with "eyJ" in
  // base64url.
  { find: /\beyJ[\w-]{6,}(\.[\w-]*){0,2}/g, put: HIDDEN },
  { find: /\bsb_secret_[\w-]+/g, put: HIDDEN },
  // The password of a connection string. A raw `@` is part of the password; a slash ends the host.
  { find: /:\/\/([^\s:/@"'\\]{0,200}):([^\s"'\\/]{1,500})@/g, put: `://$1:${HIDDEN}@` },
  // `client_secret=…`, `"apikey":"…"`, `apikey: …`, in a form, a URL, a header, or JSON within
  // JSON. Also at the end of a longer name: PISTE_CLIENT_SECRET.
  {
    find: /(client_secret|access_token|refresh_token|id_token|api[_-]?key|service_role_key|authorization|password)(["'\\]{0,4}\s{0,4}[=:]\s{0,4}["'\\]{0,4})(?!Bearer |Basic )[^\s"'\\&,;}]+/gi,
    put: `$1$2${HIDDEN}`,
  },
  // Signed URLs.
  { find: /([?&]token=)[^\s"'\\&#]+/gi, put: `$1${HIDDEN}` },
];

/**
 * Creates a scrubber. It removes each of `secrets`, in every form that {@link hideSecrets} knows, and
 * everything that looks like a token, a key or a password. To scrub a text twice is the same as once.
 */
export function createScrub(secrets: readonly string[] = []): Scrub {
  const hide = hideSecrets(secrets);
  return (text) => PATTERNS.reduce((clean, { find, put }) => clean.replace(find, put), hide(text));
}
