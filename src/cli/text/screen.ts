/** Control sequences of ECMA-48: cursor to the first line, and erasing behind the cursor. */
const [HOME, CLEAR_LINE, CLEAR_BELOW] = ['\u001b[H', '\u001b[K', '\u001b[J'];

/**
 * The text that replaces the whole screen of a terminal by lines, without a flicker. Lines that do
 * not fit are left out, because they would scroll it.
 *
 * @param style changes a line without changing its width
 */
export function screenOf(
  lines: readonly string[],
  { columns, rows }: { readonly columns: number; readonly rows: number },
  style: (line: string) => string = (line) => line,
): string {
  const shown: string[] = [];
  // The cursor stands below the last line.
  let height = 1;
  for (const line of lines) {
    height += Math.max(1, Math.ceil(line.length / columns));
    if (height > rows) break;
    shown.push(`${style(line)}${CLEAR_LINE}\n`);
  }
  return `${HOME}${shown.join('')}${CLEAR_BELOW}`;
}
