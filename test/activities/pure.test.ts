import fc from 'fast-check';
import { samePlace } from '../../src/activities/maintenance.ts';
import { runPool } from '../../src/activities/pool.ts';
import { needsUpload } from '../../src/activities/upload.ts';
import { reachOf } from '../../src/legifrance/listing/slicing.ts';

const never = new AbortController().signal;

/** Lets every promise that can settle now do so. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('a pool', () => {
  it('works on each item once, in order of its begin, never on more than allowed at a time', async () => {
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

  it('begins nothing after it is stopped, awaits what it began, and says what is left', async () => {
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

  it('that is stopped before it begins does nothing', async () => {
    const work = jest.fn(() => Promise.resolve());
    expect(await runPool([1, 2], 5, AbortSignal.abort(), work)).toEqual([1, 2]);
    expect(work).not.toHaveBeenCalled();
  });
});

describe('the place of a cursor', () => {
  const sizes = fc.integer({ min: 1, max: 100 });

  it('is on a page that shows it, or before it, whatever the size of pages, and can always be asked for', () => {
    fc.assert(
      fc.property(sizes, sizes, fc.integer({ min: 1, max: 100 }), (before, now, page) => {
        const hit = (page - 1) * before;
        const place = samePlace({ page, size: before }, now);
        expect(place).toBeGreaterThanOrEqual(1);
        expect(place * now).toBeLessThanOrEqual(reachOf(now));
        expect((place - 1) * now).toBeLessThanOrEqual(hit);
        // Unless the smaller pages do not reach so far, the page that is asked for holds the hit.
        if (hit < reachOf(now)) expect(place * now).toBeGreaterThan(hit);
      }),
    );
  });

  it('stays where it is while the size does', () => {
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
    const standing = { id: 'LEGIARTI000000000001', held: true, objectSha256: 'v1:a' };
    expect(needsUpload(standing, 'v1:a')).toBe(false);
    expect(needsUpload(standing, 'v1:b')).toBe(true);
    expect(needsUpload({ ...standing, objectSha256: null }, 'v1:a')).toBe(true);
    expect(needsUpload(undefined, 'v1:a')).toBe(true);
  });
});
