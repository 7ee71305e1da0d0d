import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** The words at the start of a line that tell a reader where to look. */
const LABELS: readonly (readonly [RegExp, Format])[] = [
  [/^Error [A-Z_]+:/gm, ['bold', 'red']],
  [/^Warning:/gm, 'yellow'],
  [/^ *Next:/gm, 'bold'],
  [/^OK:/gm, 'green'],
  [/^Problem:/gm, ['bold', 'red']],
  [/^Verdict: coherent/gm, 'green'],
  [/^Verdict: (?!coherent).+/gm, ['bold', 'red']],
];

/**
 * Colours the labels of a text for people. Without a terminal, and with NO_COLOR, the text stays as
 * it is; FORCE_COLOR colours it in any case.
 */
export function highlight(text: string, stream: NodeJS.WriteStream): string {
  return LABELS.reduce(
    (styled, [label, format]) =>
      styled.replace(label, (found) => styleText(format, found, { stream, validateStream: true })),
    text,
  );
}
