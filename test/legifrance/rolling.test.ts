import fc from 'fast-check';
import { createRolling } from '../../src/legifrance/quota/rolling.ts';

const LIMIT = 5;
const SPAN_MS = 1_000;
const BUCKET_MS = 100;

/** After each of `pauses`, sends if there is room. */
function sendAll(pauses: readonly number[]): { sent: number[]; waits: number[] } {
  const counter = createRolling(LIMIT, SPAN_MS, BUCKET_MS);
  const sent: number[] = [];
  const waits: number[] = [];
  let now = 7;
  for (const pause of pauses) {
    now += pause;
    const wait = counter.roomAt(now) - now;
    if (wait > 0) waits.push(wait);
    else {
      counter.add(now);
      sent.push(now);
    }
  }
  return { sent, waits };
}

const pauses = fc.array(fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 1_500 })), {
  maxLength: 200,
});

describe('the count of a long window', () => {
  it('never permits more than the limit in any sliding window', () => {
    fc.assert(
      fc.property(pauses, (given) => {
        const { sent } = sendAll(given);
        sent.forEach((time, n) => {
          // The sixth send from here is outside the window that starts here.
          expect((sent[n + LIMIT] ?? Infinity) - time).toBeGreaterThanOrEqual(SPAN_MS);
        });
      }),
    );
  });

  it('has room again at most one bucket late, and at the time that it reports', () => {
    fc.assert(
      fc.property(pauses, (given) => {
        const { waits } = sendAll(given);
        for (const wait of waits) expect(wait).toBeLessThanOrEqual(SPAN_MS + BUCKET_MS);
      }),
    );
    const counter = createRolling(LIMIT, SPAN_MS, BUCKET_MS);
    for (const time of [99, 99, 150, 199, 199]) counter.add(time);
    expect(counter.roomAt(200)).toBe(1_100);
    expect(counter.roomAt(1_100)).toBeLessThanOrEqual(1_100);
    counter.add(1_100);
    counter.add(1_100);
    expect(counter.roomAt(1_100)).toBe(1_200);
  });
});
