import { bytesAsText, needlesOf, type Canary, type Form, type Needle } from './needles.ts';

/** A place where a canary was found. */
export interface Leak {
  readonly canary: string;
  readonly form: Form;
  /** A file and line, or the path of a value: `events.3.failure.cause.message`. */
  readonly where: string;
}

/** Finds canaries in whatever a program has written. */
export interface Finder {
  /** In a log, or another text of lines. Records of JSON are searched value by value, too. */
  readonly inLines: (where: string, text: string) => Leak[];
  /** In the bytes of any file. */
  readonly inBytes: (where: string, bytes: Uint8Array) => Leak[];
  /**
   * In a value of any depth: in its keys, its texts, its bytes, and in JSON and base64 within them.
   */
  readonly inValue: (where: string, value: unknown) => Leak[];
}

/** A line, or a text in a record on that line. */
interface Line {
  readonly number: number;
  readonly text: string;
}

/** JSON in JSON, a failure with its causes: more levels mean a cycle. */
const MAX_DEPTH = 40;

export function createFinder(canaries: readonly Canary[]): Finder {
  const needles = needlesOf(canaries);
  // Most texts contain none of these, and then none of the longer ones.
  const shortest = needles.filter(
    ({ text }) => !needles.some((other) => other.text !== text && text.includes(other.text)),
  );
  const pieces = shortest.flatMap(piecesOf);

  const inBytes: Finder['inBytes'] = (where, bytes) => inText(where, bytesAsText(bytes));

  function inText(where: string, text: string): Leak[] {
    if (!shortest.some((needle) => text.includes(needle.text))) return [];
    const found = needles.filter((needle) => text.includes(needle.text));
    const isWhole = (canary: string) =>
      found.some((other) => other.canary === canary && other.form !== 'part');
    // Every whole canary has parts.
    return distinct(
      found
        .filter(({ canary, form }) => form !== 'part' || !isWhole(canary))
        .map(({ canary, form }) => ({ canary, form, where })),
    );
  }

  const inValue: Finder['inValue'] = (where, value) => walk(where, value, 0);

  function walk(where: string, value: unknown, depth: number): Leak[] {
    if (depth > MAX_DEPTH) throw new Error(`${where} is deeper than ${MAX_DEPTH} levels.`);
    if (typeof value === 'string') {
      return distinct([
        ...inText(where, bytesAsText(value)),
        ...insideOf(value).flatMap((inner) => walk(where, inner, depth + 1)),
      ]);
    }
    if (value instanceof Uint8Array) {
      return distinct([
        ...inBytes(where, value),
        ...walk(where, Buffer.from(value).toString('utf8'), depth + 1),
      ]);
    }
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) => [
      ...inText(`${where}.${key}`, bytesAsText(key)),
      ...walk(`${where}.${key}`, inner, depth + 1),
    ]);
  }

  const inLines: Finder['inLines'] = (where, text) => {
    const lines = text.split('\n');
    // The texts at each place in records: `msg`, `err.message`. One line after the other.
    const places = new Map<string, Line[]>();
    const leaks = lines.flatMap((line, at) => {
      const record = parsed(line);
      for (const [place, inner] of textsOf(record)) {
        const texts = places.get(place) ?? [];
        texts.push({ number: at + 1, text: inner });
        places.set(place, texts);
      }
      const here = `${where}:${at + 1}`;
      return [...inText(here, bytesAsText(line)), ...(record === undefined ? [] : walk(here, record, 0))];
    });
    return distinct([
      ...leaks,
      ...split(
        where,
        lines.map((line, at) => ({ number: at + 1, text: line })),
      ),
      ...[...places].flatMap(([place, texts]) => split(`${where} ${place}`, texts)),
    ]);
  };

  /** A canary that begins at the end of a line, and ends in the next line, after whatever begins it. */
  function split(where: string, lines: readonly Line[]): Leak[] {
    return lines.flatMap(({ number, text }, at) => {
      const next = bytesAsText(lines[at + 1]?.text ?? '');
      const end = bytesAsText(text).replace(/[\s"'}\]]+$/, '');
      return pieces
        .filter(({ head, tail }) => end.endsWith(head) && next.includes(tail))
        .map(({ canary }): Leak => ({ canary, form: 'split over two lines', where: `${where}:${number}` }));
    });
  }

  return { inLines, inBytes, inValue };
}

/** A needle in two pieces, at each place. The larger piece, half of it at least, excludes chance. */
function piecesOf({ canary, text }: Needle): { canary: string; head: string; tail: string }[] {
  return Array.from({ length: text.length - 1 }, (_, at) => ({
    canary,
    head: text.slice(0, at + 1),
    tail: text.slice(at + 1),
  }));
}

/** What is written in a text: JSON, or something in base64. */
function insideOf(text: string): unknown[] {
  const record = /^\s*["[{]/.test(text) ? parsed(text) : undefined;
  const isBase64 = text.length >= 16 && /^[\w+/-]+=*$/.test(text);
  return [
    ...(record === undefined ? [] : [record]),
    ...(isBase64 ? [Buffer.from(text, 'base64').toString('utf8')] : []),
  ];
}

/** All texts in a value, with their places. */
function textsOf(value: unknown, place = ''): [string, string][] {
  if (typeof value === 'string') return [[place, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    textsOf(inner, place === '' ? key : `${place}.${key}`),
  );
}

/** An object or a text; undefined if the line is not JSON. */
function parsed(line: string): unknown {
  if (!/^\s*["[{]/.test(line)) return undefined;
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

function distinct(leaks: readonly Leak[]): Leak[] {
  return [...new Map(leaks.map((leak) => [JSON.stringify(leak), leak])).values()];
}
