/** Removes secrets from a text. */
export type Scrub = (text: string) => string;

const HIDDEN = '[secret]';

/**
 * Shorter secrets are not removed by value: they would occur by chance, and hide half of the log.
 * In characters.
 */
const MIN_KNOWN_LENGTH = 6;

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

/** Fewer characters of a cut secret reveal nothing, and would match by chance. */
const MIN_CUT_LENGTH = 4;

/** The mark that `LegisyncError` puts where it cuts a text. */
const CUT = '…';

/**
 * Creates a scrubber. It removes each of `secrets` (as it is, URL-encoded, in base64, or escaped in
 * JSON; also its beginning, if a text was cut), and everything that looks like a token, a key or a
 * password. To scrub a text twice is the same as once.
 */
export function createScrub(secrets: readonly string[] = []): Scrub {
  // Longest first: a secret may be the beginning of another one.
  const known = [...new Set(secrets.filter((text) => text.length >= MIN_KNOWN_LENGTH).flatMap(forms))].sort(
    (a, b) => b.length - a.length,
  );
  return (text) => {
    let clean = text;
    for (const secret of known) clean = clean.replaceAll(secret, HIDDEN);
    clean = withoutCutSecrets(clean, known);
    for (const { find, put } of PATTERNS) clean = clean.replace(find, put);
    return clean;
  };
}

/**
 * Removes the beginning of a secret before the mark of a cut. Messages are cut before they are
 * scrubbed, and the beginning of a secret is not found by value.
 */
function withoutCutSecrets(text: string, known: readonly string[]): string {
  const [last = '', ...cut] = text.split(CUT).toReversed();
  if (cut.length === 0) return text;
  const clean = cut.map((part) => {
    const left = Math.max(0, ...known.map((secret) => lengthAtEnd(part, secret)));
    return left === 0 ? part : `${part.slice(0, part.length - left)}${HIDDEN}`;
  });
  return [...clean.toReversed(), last].join(CUT);
}

/**
 * How many characters of the beginning of `secret` end `text`; 0 if there are too few to matter.
 */
function lengthAtEnd(text: string, secret: string): number {
  for (let length = Math.min(secret.length, text.length); length >= MIN_CUT_LENGTH; length -= 1) {
    if (text.endsWith(secret.slice(0, length))) return length;
  }
  return 0;
}

/** The encodings of a secret. */
function forms(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
  ];
}
