/** The median; for an even number of values, the lower of the two in the middle. */
export function median<T>(values: readonly T[], by: (value: T) => number): T {
  const middle = values.toSorted((a, b) => by(a) - by(b))[Math.floor((values.length - 1) / 2)];
  if (middle === undefined) throw new RangeError('the median of nothing');
  return middle;
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** A point of a line. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Slope of the least-squares line. 0 for fewer than two points, or if all have the same `x`. */
export function slope(points: readonly Point[]): number {
  const meanX = sum(points.map(({ x }) => x)) / points.length;
  const meanY = sum(points.map(({ y }) => y)) / points.length;
  const variance = sum(points.map(({ x }) => (x - meanX) ** 2));
  if (points.length < 2 || variance === 0) return 0;
  return sum(points.map(({ x, y }) => (x - meanX) * (y - meanY))) / variance;
}

/** Growth from one value to the next, in percent of the mean: see {@link slope}. 0 for fewer than two values. */
export function slopePercent(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const perStep = slope(values.map((y, x) => ({ x, y })));
  return (100 * perStep) / (sum(values) / values.length);
}

/** Rounds to `digits` decimals. */
export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

/** Runs `work` and measures its duration in seconds. */
export async function timed<T>(work: () => Promise<T>): Promise<{ result: T; seconds: number }> {
  const began = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - began) / 1_000 };
}

/**
 * Runs `pairs` pairs in the order A B, B A, A B, …, so that growth or warm-up over time affects
 * both sides equally.
 */
export async function alternate(
  pairs: number,
  a: () => Promise<void>,
  b: () => Promise<void>,
): Promise<void> {
  for (let pair = 0; pair < pairs; pair += 1) {
    for (const side of pair % 2 === 0 ? [a, b] : [b, a]) await side();
  }
}
