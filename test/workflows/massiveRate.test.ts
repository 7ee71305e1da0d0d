import type { UploadResult } from '../../src/contract/collecting.ts';
import { CollectingRate } from '../../src/workflows/massive/rate.ts';

const START = Date.parse('2026-11-27T12:00:00.000Z');

/** A batch that ended `seconds` after the start. */
function batch(seconds: number, uploaded: number, unchanged = 0): UploadResult {
  const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n));
  return {
    uploaded: ids(uploaded),
    unchanged: ids(unchanged),
    failures: [],
    left: [],
    lost: [],
    bytes: 0,
    endedAt: new Date(START + seconds * 1_000).toISOString(),
  };
}

function rateAfter(...batches: readonly UploadResult[]): number | null {
  const rate = new CollectingRate();
  for (const one of batches) rate.ended(one);
  return rate.perSecond();
}

describe('the rate of a collection', () => {
  it('is not known before the second batch, or if no time has passed', () => {
    expect(rateAfter()).toBeNull();
    expect(rateAfter(batch(0, 100))).toBeNull();
    expect(rateAfter(batch(0, 100), batch(0, 100))).toBeNull();
  });

  it('counts uploaded and unchanged documents since the first of the last batches', () => {
    expect(rateAfter(batch(0, 100), batch(10, 60, 40), batch(20, 100))).toBe(10);
  });

  it('does not depend on the order in which lanes report', () => {
    expect(rateAfter(batch(10, 100), batch(0, 7), batch(20, 100))).toBe(10);
  });

  it('follows the services: old batches do not count', () => {
    const slow = Array.from({ length: 5 }, (_, n) => batch(n * 100, 100));
    const quick = Array.from({ length: 12 }, (_, n) => batch(400 + n * 5, 100));
    expect(rateAfter(...slow, ...quick)).toBe(20);
  });

  it('does not count a wait between two passes', () => {
    expect(rateAfter(batch(0, 100), batch(3_600, 100), batch(3_610, 100))).toBe(10);
    expect(rateAfter(batch(0, 100), batch(10, 100), batch(3_600, 100))).toBeNull();
  });

  it('ignores a batch without a time, such as one that an operator completed by hand', () => {
    expect(rateAfter(batch(0, 100), { ...batch(5, 100), endedAt: 'now' }, batch(10, 100))).toBe(10);
    expect(rateAfter(batch(0, 100), { ...batch(5, 100), endedAt: undefined }, batch(10, 100))).toBe(10);
  });
});
