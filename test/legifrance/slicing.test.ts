import fc from 'fast-check';
import { bisect, reachOf, sliceTarget, wholeWindow } from '../../src/legifrance/listing/slicing.ts';
import type { DateWindow } from '../../src/legifrance/types.ts';

const DAY_MS = 86_400_000;
const day = fc
  .integer({ min: Date.UTC(1800, 0, 1) / DAY_MS, max: Date.UTC(2100, 0, 1) / DAY_MS })
  .map((number) => new Date(number * DAY_MS).toISOString().slice(0, 10));
const windows = fc
  .tuple(day, day)
  .map(([a, b]): DateWindow => (a < b ? { from: a, to: b } : { from: b, to: a }));

const next = (date: string): string => new Date(Date.parse(date) + DAY_MS).toISOString().slice(0, 10);
const days = ({ from, to }: DateWindow): number => (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;

describe('slicing by date', () => {
  it('starts before the oldest date in the API, and ends in a year, for texts with a future date', () => {
    expect(wholeWindow('2026-01-31')).toEqual({ from: '1800-01-01', to: '2027-01-31' });
  });

  it('halves a window exactly: in order, adjacent, with no day left out or in both halves', () => {
    fc.assert(
      fc.property(windows, (window) => {
        const halves = bisect(window);
        if (halves === null) {
          expect(window.from).toBe(window.to);
          return;
        }
        const [first, second] = halves;
        expect(first.from).toBe(window.from);
        expect(second.from).toBe(next(first.to));
        expect(second.to).toBe(window.to);
        expect(days(first) - days(second)).toBeGreaterThanOrEqual(0);
        expect(days(first) - days(second)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('ends: a window of n days is cut into its n days, and no further', () => {
    fc.assert(
      fc.property(day, fc.integer({ min: 0, max: 400 }), (from, length) => {
        const to = new Date(Date.parse(from) + length * DAY_MS).toISOString().slice(0, 10);
        const open: DateWindow[] = [{ from, to }];
        const single: string[] = [];
        for (let window = open.pop(); window !== undefined; window = open.pop()) {
          const halves = bisect(window);
          if (halves === null) single.push(window.from);
          else open.push(halves[1], halves[0]);
        }
        expect(single).toHaveLength(length + 1);
        expect(single).toEqual([...single].sort());
        expect(single[0]).toBe(from);
        expect(single.at(-1)).toBe(to);
      }),
      { numRuns: 30 },
    );
  });

  it('cuts a slice before it reaches the last page within reach, for every page size', () => {
    expect([100, 50, 1].map((size) => [reachOf(size), sliceTarget(size)])).toEqual([
      [10_000, 9_500],
      [5_000, 4_750],
      [100, 95],
    ]);
  });

  it('gets from the whole window to a single day in 17 cuts', () => {
    let window: DateWindow | undefined = wholeWindow('2026-06-30');
    let cuts = 0;
    for (let halves = bisect(window); halves !== null; halves = bisect(window)) {
      window = halves[0];
      cuts += 1;
    }
    expect(cuts).toBe(17);
  });
});
