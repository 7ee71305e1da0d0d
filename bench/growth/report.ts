import type { GrowthFigures } from './calls.ts';

/** The figures of all functions at one size. */
export interface GrowthColumn {
  readonly rows: number;
  readonly cases: Record<string, GrowthFigures>;
}

const WIDTH = 22;

/** The table as text: a line for each function, a column for each size. */
export function growthLines(columns: readonly GrowthColumn[]): string[] {
  const names = [...new Set(columns.flatMap(({ cases }) => Object.keys(cases)))];
  const longest = Math.max(...names.map((name) => name.length));
  const cell = (figures: GrowthFigures | undefined): string =>
    (figures === undefined ? '' : `${figures.ms} / ${figures.buffers}`).padStart(WIDTH);
  return [
    'milliseconds / buffers'.padEnd(longest) +
      columns.map(({ rows }) => rows.toLocaleString('en').padStart(WIDTH)).join(''),
    ...names.map((name) => name.padEnd(longest) + columns.map(({ cases }) => cell(cases[name])).join('')),
  ];
}
