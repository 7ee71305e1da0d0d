/** Takes secrets out of text. */
export type Scrub = (text: string) => string;

const HIDDEN = '[secret]';

/** Shorter texts than this are not taken out by value: they would occur by chance and hide half of the log. */
const MIN_KNOWN_LENGTH = 6;

/**
 * What secrets look like where they are not known by value. All patterns run in linear time on a text without spaces,
 * stop at quotes and backslashes (so that a line of JSON stays JSON), and leave their own output alone.
 */
const PATTERNS: readonly { readonly find: RegExp; readonly put: string }[] = [
  // `Authorization: Bearer …`, `Basic …` (RFC 9110, 11.4). Eight characters: "Bearer of" is no token.
  { find: /\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, put: `$1 ${HIDDEN}` },
  // A JWT, or what is left of one that was cut: its header is a JSON object, whose base64url begins with "eyJ".
  { find: /\beyJ[\w-]{6,}(\.[\w-]*){0,2}/g, put: HIDDEN },
  { find: /\bsb_secret_[\w-]+/g, put: HIDDEN },
  // The password of a connection string; a raw `@` in it is part of the password, a slash ends the host part.
  { find: /:\/\/([^\s:/@"'\\]{0,200}):([^\s"'\\/]{1,500})@/g, put: `://$1:${HIDDEN}@` },
  // `client_secret=…`, `"apikey":"…"`, `apikey: …`, in a form, a URL, a header, or JSON within JSON;
  // also at the end of a longer name, as in PISTE_CLIENT_SECRET.
  {
    find: /(client_secret|access_token|refresh_token|id_token|api[_-]?key|service_role_key|authorization|password)(["'\\]{0,4}\s{0,4}[=:]\s{0,4}["'\\]{0,4})(?!Bearer |Basic )[^\s"'\\&,;}]+/gi,
    put: `$1$2${HIDDEN}`,
  },
  // Signed URLs.
  { find: /([?&]token=)[^\s"'\\&#]+/gi, put: `$1${HIDDEN}` },
];

/** Of a secret that was cut, fewer characters than this tell nothing, and would be found by chance. */
const MIN_CUT_LENGTH = 4;

/** What stands where a text was cut, as `LegisyncError` does it. */
const CUT = '…';

/**
 * Makes a scrubber that takes out `secrets` wherever they stand (as they are, URL-encoded, in base64 or within JSON; also
 * their beginning, where a text was cut),
 * and anything that looks like a token, a key or a password. Scrubbing twice changes nothing more.
 */
export function createScrub(secrets: readonly string[] = []): Scrub {
  // The longest first: a secret may be the beginning of another one.
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
 * Takes out what is left of a secret where a text was cut in the middle of it: messages are cut before they get here, and
 * the beginning of a secret is no longer found by value.
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

/** How much of the beginning of `secret` stands at the end of `text`; 0 where it is too little to matter. */
function lengthAtEnd(text: string, secret: string): number {
  for (let length = Math.min(secret.length, text.length); length >= MIN_CUT_LENGTH; length -= 1) {
    if (text.endsWith(secret.slice(0, length))) return length;
  }
  return 0;
}

/** The ways in which one secret may be written. */
function forms(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
  ];
}
