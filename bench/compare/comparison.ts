import { median, round } from '../support/figures.ts';
import type { Bench } from './benches.ts';

/** Ratios up to this do not count as a change, whatever the spread. */
const TOLERATED = 1.05;

/** A metric of both sides. */
export interface Compared {
  readonly bench: string;
  readonly metric: string;
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly medianA: number;
  readonly medianB: number;
  /** B divided by A; if more is better, A divided by B. Above 1, B is worse. */
  readonly ratio: number;
  /** The largest figure of A divided by its smallest. */
  readonly spread: number;
  readonly worse: boolean;
}

/** Compares the reports of both sides, metric by metric. */
export function compareRuns(
  { name, metrics }: Bench,
  a: readonly unknown[],
  b: readonly unknown[],
): Compared[] {
  return metrics.map((metric) => {
    const valuesA = a.map(metric.of);
    const valuesB = b.map(metric.of);
    const medianA = median(valuesA, (value) => value);
    const medianB = median(valuesB, (value) => value);
    const ratio = metric.moreIsBetter === true ? medianA / medianB : medianB / medianA;
    const spread = Math.max(...valuesA) / Math.min(...valuesA);
    return {
      bench: name,
      metric: metric.name,
      a: valuesA.map((value) => round(value)),
      b: valuesB.map((value) => round(value)),
      medianA: round(medianA),
      medianB: round(medianB),
      ratio: round(ratio, 3),
      spread: round(spread, 3),
      // Also if there is no ratio because nothing was measured.
      worse: !(ratio <= Math.max(TOLERATED, spread)),
    };
  });
}

const COLUMNS = [12, 40, 12, 12, 8, 12, 8] as const;

/** The table as text. */
export function comparisonLines(compared: readonly Compared[]): string[] {
  const line = (cells: readonly (string | number)[]): string =>
    cells
      .map((cell, n) => String(cell).padEnd(COLUMNS[n] ?? 0))
      .join('')
      .trimEnd();
  return [
    line(['benchmark', 'metric (medians)', 'A', 'B', 'ratio', 'A / A', '']),
    ...compared.map(({ bench, metric, medianA, medianB, ratio, spread, worse }) =>
      line([bench, metric, medianA, medianB, ratio, spread, worse ? 'WORSE' : 'ok']),
    ),
    '',
    `ratio: B by A (A by B for what is per second): above 1, B is worse. A / A: the largest of A by its smallest.`,
    `ok: the ratio is at most ${TOLERATED}, or at most A / A.`,
  ];
}
