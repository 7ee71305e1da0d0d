/**
 * A well-mixed 32-bit hash of three integers, the same on every machine.
 */
export function hash(seed: number, index: number, salt: number): number {
  let h =
    Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) ^
    Math.imul(index + 1, 0xc2b2_ae35) ^
    Math.imul(salt + 1, 0x27d4_eb2f);
  h = Math.imul(h ^ (h >>> 16), 0x7feb_352d);
  h = Math.imul(h ^ (h >>> 15), 0x846c_a68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A seeded source of numbers in [0, 1). */
export type Random = () => number;

/** The mulberry32 generator: small, fast, and good enough to vary texts. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/**
 * A random item of a list.
 *
 * @throws RangeError if the list is empty.
 */
export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined)
    throw new RangeError('pick() needs a list with at least one item; this one is empty.');
  return item;
}
