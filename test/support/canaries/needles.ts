/** A marked secret: a test looks for it wherever it must not be. */
export interface Canary {
  /** For messages: its value must not be in them. */
  readonly name: string;
  readonly value: string;
  /**
   * Parts that occur nowhere else: one of them is a leak, too. Default: each run of at least eight
   * letters and digits.
   */
  readonly parts?: readonly string[];
}

/** How a canary was written where it was found. `part`: not all of it. */
export type Form = 'plain' | 'URL-encoded' | 'JSON-escaped' | 'base64' | 'split over two lines' | 'part';

/** A text to look for. */
export interface Needle {
  readonly canary: string;
  readonly form: Form;
  /** In {@link bytesAsText}. */
  readonly text: string;
}

/**
 * Bytes as a string of one character for each, so that texts and binary files are searched in the
 * same way.
 */
export const bytesAsText = (content: string | Uint8Array): string =>
  Buffer.from(content as string).toString('latin1');

/**
 * All forms of the canaries. Written without the code of `src` that hides secrets: a mistake would
 * agree with itself.
 */
export function needlesOf(canaries: readonly Canary[]): Needle[] {
  return canaries.flatMap((canary) => {
    const { name, value } = canary;
    const parts = canary.parts ?? Array.from(value.matchAll(/[a-z\d]{8,}/gi), ([run]) => run);
    const json = asJson(value);
    const url = encodeURIComponent(value);
    const forms: [Form, readonly string[]][] = [
      ['plain', [value]],
      ['JSON-escaped', [json, asJson(json), asciiJson(value)]],
      ['URL-encoded', [url, url.replaceAll(/%../g, (hex) => hex.toLowerCase()), asForm(value)]],
      ['base64', [value, json, url].flatMap(insideBase64)],
      ['part', parts.flatMap((part) => [part, ...insideBase64(part)])],
    ];
    const seen = new Set<string>();
    return forms.flatMap(([form, texts]) =>
      texts.map(bytesAsText).flatMap((text) => {
        if (seen.has(text)) return [];
        seen.add(text);
        return [{ canary: name, form, text }];
      }),
    );
  });
}

const asJson = (text: string): string => JSON.stringify(text).slice(1, -1);
const asciiJson = (text: string): string =>
  asJson(text).replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
const asForm = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1);

/**
 * What every base64 text contains that was made of `text` and something before and after it: without
 * the characters at both ends that depend on the neighbours.
 */
function insideBase64(text: string): string[] {
  return ['', 'x', 'xx'].flatMap((before) => {
    const standard = Buffer.from(`${before}${text}`).toString('base64').replace(/=+$/, '');
    const whole = standard.slice(before === '' ? 0 : before.length + 1, -1);
    return [whole, whole.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
