import fc from 'fast-check';
import { samePlace } from '../../src/activities/maintenance.ts';
import { runPool } from '../../src/activities/pool.ts';
import { needsUpload } from '../../src/activities/upload.ts';
import { reachOf } from '../../src/legifrance/listing/slicing.ts';

const never = new AbortController().signal;

/** Resolves after every promise that can settle now. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('a pool', () => {
  it('processes each item once, in order, and never more items at a time than allowed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        async (turns, concurrency) => {
          const begun: number[] = [];
          let now = 0;
          let most = 0;
          const items = turns.map((_, index) => index);
          const left = await runPool(items, concurrency, never, async (index) => {
            begun.push(index);
            now += 1;
            most = Math.max(most, now);
            for (let turn = turns[index] ?? 0; turn > 0; turn -= 1) await settled();
            now -= 1;
          });
          expect(left).toEqual([]);
          expect(begun).toEqual(items);
          expect(now).toBe(0);
          expect(most).toBeLessThanOrEqual(concurrency);
          if (items.length > 0) expect(most).toBeGreaterThan(0);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('begins nothing after it is stopped, awaits what it began, and returns the rest', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(30), fc.integer({ min: 1, max: 8 }), async (stopAt, concurrency) => {
        const items = Array.from({ length: 31 }, (_, n) => n);
        const stop = new AbortController();
        const done: number[] = [];
        const left = await runPool(items, concurrency, stop.signal, async (item) => {
          if (item === stopAt) stop.abort();
          await settled();
          done.push(item);
        });
        expect([...done].sort((a, b) => a - b)).toEqual(items.slice(0, done.length));
        expect(left).toEqual(items.slice(done.length));
        expect(done.length).toBeGreaterThan(stopAt);
        expect(done.length).toBeLessThanOrEqual(stopAt + concurrency);
      }),
      { numRuns: 50 },
    );
  });

  it('does nothing if it is stopped before it begins', async () => {
    const work = jest.fn(() => Promise.resolve());
    expect(await runPool([1, 2], 5, AbortSignal.abort(), work)).toEqual([1, 2]);
    expect(work).not.toHaveBeenCalled();
  });
});

describe('the place of a cursor', () => {
  const sizes = fc.integer({ min: 1, max: 100 });

  it('is on its page or before it, whatever the page size, and always within reach', () => {
    fc.assert(
      fc.property(sizes, sizes, fc.integer({ min: 1, max: 100 }), (before, now, page) => {
        const hit = (page - 1) * before;
        const place = samePlace({ page, size: before }, now);
        expect(place).toBeGreaterThanOrEqual(1);
        expect(place * now).toBeLessThanOrEqual(reachOf(now));
        expect((place - 1) * now).toBeLessThanOrEqual(hit);
        // If the smaller pages reach the hit, it is on the page.
        if (hit < reachOf(now)) expect(place * now).toBeGreaterThan(hit);
      }),
    );
  });

  it('does not change while the page size does not', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: 1, max: 100 }),
        (size, page) => samePlace({ page, size }, size) === page,
      ),
    );
  });
});

describe('invariant 2: whether a document is uploaded', () => {
  it('is decided by the object’s hash alone', () => {
    const document = { id: 'LEGIARTI000000000001', held: true, objectSha256: 'v1:a' };
    expect(needsUpload(document, 'v1:a')).toBe(false);
    expect(needsUpload(document, 'v1:b')).toBe(true);
    expect(needsUpload({ ...document, objectSha256: null }, 'v1:a')).toBe(true);
    expect(needsUpload(undefined, 'v1:a')).toBe(true);
  });
});
