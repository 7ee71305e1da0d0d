/** A text with one mistake. The test fails if the text has no such place. */
export function withMistake(text: string, from: string | RegExp, to: string): string {
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  return changed;
}
