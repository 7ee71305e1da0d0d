/** The columns of a table: name, alignment, and the width that cuts longer values. */
export type Columns = readonly (readonly [name: string, align: 'left' | 'right', maxWidth?: number])[];

type Rows = readonly (readonly (string | number | null)[])[];

/** The lines of a result in the format of psql: a grid, and the number of rows. */
export function tableLines(columns: Columns, rows: Rows): string[] {
  return [...gridLines(columns, rows), rows.length === 1 ? '(1 row)' : `(${rows.length} rows)`];
}

/** The lines of a table in the format of psql, with centred names. Null is an empty cell. */
export function gridLines(columns: Columns, rows: Rows): string[] {
  const cells = rows.map((row) =>
    columns.map(([, , maxWidth], index) => cut(String(row[index] ?? ''), maxWidth)),
  );
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
  ];
}

function centred(text: string, width: number): string {
  return text.padStart(text.length + Math.floor((width - text.length) / 2)).padEnd(width);
}

function cut(text: string, maxWidth = Infinity): string {
  return text.length <= maxWidth ? text : `${text.slice(0, maxWidth - 1)}…`;
}
