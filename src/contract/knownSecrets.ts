/** What stands for a secret. */
export const HIDDEN = '[secret]';

/**
 * Shorter secrets are not removed by value: they would occur by chance, and hide half of the log.
 * In characters.
 */
const MIN_KNOWN_LENGTH = 6;

/** Fewer characters of a cut secret reveal nothing, and would match by chance. */
const MIN_CUT_LENGTH = 4;

/** The mark that `LegisyncError` puts where it cuts a text. */
const CUT = '…';

/** The characters that JSON escapes by a letter. */
const LETTERS: Readonly<Record<string, string>> = {
  '\n': 'n',
  '\r': 'r',
  '\t': 't',
  '\b': 'b',
  '\f': 'f',
};

/** Removes secrets from a text. */
export type Hide = (text: string) => string;

/**
 * Removes each of `secrets` from a text: as it is, URL-encoded, in base64 (also as a part of what was
 * encoded), or escaped in JSON, also more than once. If the text was cut in a secret, the beginning of the
 * secret is removed, too. A line of JSON stays one.
 */
export function hideSecrets(secrets: readonly string[]): Hide {
  // Longest first: a secret may be the beginning of another one.
  const known = [...new Set(secrets)]
    .filter((secret) => secret.length >= MIN_KNOWN_LENGTH)
    .sort((a, b) => b.length - a.length);
  const patterns = known.map(patternOf);
  const forms = known.flatMap((secret) => [...formsOf(secret), ...base64PartsOf(secret)]);
  return (text) =>
    withoutCutSecrets(
      patterns.reduce((clean, pattern) => clean.replace(pattern, HIDDEN), text),
      forms,
    );
}

/** Matches a secret in every encoding. */
function patternOf(secret: string): RegExp {
  const written = Array.from(secret, (char) => (/\w/.test(char) ? char : anyFormOf(char))).join('');
  const encoded = [...new Set(formsOf(secret).flatMap(base64PartsOf))].map(escaped);
  return new RegExp([written, ...encoded].join('|'), 'g');
}

/**
 * Matches a character as it is, URL-encoded up to four times, or escaped in JSON up to three times.
 * Encoders differ in what they encode, and in the case of their digits.
 */
function anyFormOf(char: string): string {
  const bytes = [...new TextEncoder().encode(char)].map((byte) => `%(?:25){0,3}${digits(byte, 2)}`);
  const units = Array.from({ length: char.length }, (_, at) => char.charCodeAt(at));
  const letter = LETTERS[char];
  return `(?:${[
    literalOf(char),
    bytes.join(''),
    units.map((unit) => `\\\\{1,7}u${digits(unit, 4)}`).join(''),
    ...(letter === undefined ? [] : [`\\\\{1,7}${letter}`]),
    ...(char === ' ' ? ['\\+'] : []),
  ].join('|')})`;
}

/**
 * A character with the backslashes that JSON puts before it. Each escaping doubles those of a
 * backslash. To match another number could leave half of the next escape.
 */
function literalOf(char: string): string {
  if (char === '\\') return '\\\\{8}|\\\\{4}|\\\\{2}|\\\\';
  return char === '"' || char === '/' ? `\\\\{0,7}${char}` : escaped(char);
}

/** Hexadecimal digits in either case. */
function digits(number: number, length: number): string {
  return number
    .toString(16)
    .padStart(length, '0')
    .replaceAll(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/**
 * The parts of a base64 text that depend on `text` alone, whatever was encoded before and after it:
 * one for each of the three positions where `text` may begin, in both alphabets.
 */
function base64PartsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]);
    // A character holds six bits. The first and the last one may hold bits of a neighbour.
    const [from, to] = [Math.ceil((before * 8) / 6), Math.floor((encoded.length * 8) / 6)];
    return (['base64', 'base64url'] as const).map((alphabet) => encoded.toString(alphabet).slice(from, to));
  });
}

/**
 * Removes the beginning of a secret before the mark of a cut. Messages are cut before they are
 * scrubbed, and the beginning of a secret is not found by value.
 */
function withoutCutSecrets(text: string, forms: readonly string[]): string {
  const [last = '', ...cut] = text.split(CUT).toReversed();
  if (cut.length === 0) return text;
  const clean = cut.map((part) => {
    const left = Math.max(0, ...forms.map((form) => lengthAtEnd(part, form)));
    return left === 0 ? part : `${part.slice(0, part.length - left)}${HIDDEN}`;
  });
  return [...clean.toReversed(), last].join(CUT);
}

/**
 * How many characters of the beginning of `form` end `text`; 0 if there are too few to matter.
 */
function lengthAtEnd(text: string, form: string): number {
  for (let length = Math.min(form.length, text.length); length >= MIN_CUT_LENGTH; length -= 1) {
    if (text.endsWith(form.slice(0, length))) return length;
  }
  return 0;
}

/** A secret as programs write it in a text: as it is, URL-encoded, and escaped in JSON. */
function formsOf(secret: string): string[] {
  return [...new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])];
}
