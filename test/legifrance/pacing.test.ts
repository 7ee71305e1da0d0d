import { fakeApi, pause, type FakeApi } from './fakeApi.ts';
import { FakeClock, inTime } from './support.ts';

/** Consults `count` articles at once, while `clock` advances by `ms`. */
async function consultAll(clock: FakeClock, { legifrance }: FakeApi, count: number, ms: number) {
  const ids = Array.from({ length: count }, (_, n) => `LEGIARTI${String(n).padStart(12, '0')}`);
  const consulted = Promise.all(ids.map((id) => legifrance.consult(id, inTime())));
  await clock.advance(ms);
  expect((await consulted).map(({ id }) => id)).toEqual(ids);
}

describe('the client, with a quota of 20 requests a second', () => {
  it('is never refused because of load, from the first request on, and uses 90 % of the quota', async () => {
    const clock = new FakeClock();
    // The first request is the slowest, because it opens a connection.
    const travelMs = (n: number): number => (n === 0 ? 60 : (n * 7) % 40);
    const api = fakeApi(clock, { travelMs, process: () => pause(clock, 25) });
    await consultAll(clock, api, 101, 10_000);

    expect(new Set(api.statuses)).toEqual(new Set([200]));
    const { total, maxInAnySecond, firstMs, lastMs } = api.arrivals();
    expect(total).toBe(101);
    expect(maxInAnySecond).toBe(20);
    const seconds = ((lastMs ?? 0) - (firstMs ?? 0)) / 1_000;
    expect((total - 1) / seconds / 20).toBeGreaterThanOrEqual(0.9);
  });

  it('never makes 21 arrivals in a second, even if slow answers free all connections together', async () => {
    const clock = new FakeClock();
    const start = clock.now();
    // The server answers nothing in the first two of every three seconds, and then all at once.
    const process = (): Promise<void> => pause(clock, Math.max(0, 2_000 - ((clock.now() - start) % 3_000)));
    const travelMs = (n: number): number => (n % 20 < 10 ? 40 : 0);
    const api = fakeApi(clock, { travelMs, process });
    await consultAll(clock, api, 120, 60_000);

    expect(new Set(api.statuses)).toEqual(new Set([200]));
    expect(api.arrivals()).toMatchObject({ total: 120, maxInAnySecond: 20 });
  });
});
