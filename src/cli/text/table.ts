/** The columns of a table: name and alignment of the values. */
export type Columns = readonly (readonly [name: string, align: 'left' | 'right'])[];

/** The lines of a table in the format of psql: centred names, and the number of rows at the end. */
export function tableLines(
  columns: Columns,
  rows: readonly (readonly (string | number | null)[])[],
): string[] {
  const cells = rows.map((row) => columns.map((_, index) => String(row[index] ?? '')));
  const widths = columns.map(([name], index) =>
    Math.max(name.length, ...cells.map((row) => (row[index] ?? '').length)),
  );
  const line = (values: readonly string[]): string => ` ${values.join(' | ')}`.trimEnd();
  return [
    line(columns.map(([name], index) => centred(name, widths[index] ?? 0))),
    widths.map((width) => '-'.repeat(width + 2)).join('+'),
    ...cells.map((row) =>
      line(
        columns.map(([, align], index) => {
          const [value, width] = [row[index] ?? '', widths[index] ?? 0];
          return align === 'right' ? value.padStart(width) : value.padEnd(width);
        }),
      ),
    ),
    rows.length === 1 ? '(1 row)' : `(${rows.length} rows)`,
  ];
}

function centred(text: string, width: number): string {
  return text.padStart(text.length + Math.floor((width - text.length) / 2)).padEnd(width);
}
