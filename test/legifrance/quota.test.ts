import {
  createProcessQuota,
  type ProcessQuotaOptions,
  type Quota,
} from '../../src/legifrance/quota/quota.ts';
import type { Clock } from '../../src/legifrance/clock.ts';
import { FakeClock, failureOf, settled } from './support.ts';

const forever = new AbortController().signal;

/** A rank of a MASSIVE batch. */
const MASSIVE = 12_345;

interface Setup {
  readonly clock: FakeClock;
  readonly quota: Quota;
  /** The time of each permission. */
  readonly sent: number[];
  /** Requests `count` permissions, without waiting. */
  readonly ask: (count: number) => void;
}

function setUp(options: Partial<ProcessQuotaOptions> = {}, clock = new FakeClock()): Setup {
  const quota = createProcessQuota({
    perSecond: 20,
    perHour: 24_000,
    perDay: 280_000,
    pacing: 'burst',
    clock,
    ...options,
  });
  const sent: number[] = [];
  const ask = (count: number): void => {
    for (let n = 0; n < count; n += 1) {
      void quota.acquire(forever).then((permission) => {
        sent.push(clock.now());
        permission.arrived();
      });
    }
  };
  return { clock, quota, sent, ask };
}

/** The most sends in any window of `spanMs`, both ends included. */
function mostIn(spanMs: number, sent: readonly number[]): number {
  let from = 0;
  let most = 0;
  sent.forEach((time, to) => {
    while ((sent[from] ?? 0) < time - spanMs) from += 1;
    most = Math.max(most, to - from + 1);
  });
  return most;
}

const gaps = (sent: readonly number[]): number[] =>
  sent.slice(1).map((time, n) => Math.round(time - (sent[n] ?? 0)));

/**
 * Requests permissions, `workers` at a time, while `clock` advances by `ms`. Stops at the first
 * refusal and returns the refusals.
 */
async function work({ clock, quota, sent }: Setup, ms: number, workers = 5, rank = 0): Promise<unknown[]> {
  const end = new AbortController();
  const refusals: unknown[] = [];
  const lanes = Array.from({ length: workers }, async () => {
    while (refusals.length === 0) {
      try {
        const permission = await quota.acquire(end.signal, rank);
        sent.push(clock.now());
        permission.arrived();
      } catch (error) {
        if (!end.signal.aborted) refusals.push(error);
        return;
      }
    }
  });
  await clock.advance(ms);
  end.abort();
  await Promise.all(lanes);
  return refusals;
}

describe('the quota of a process', () => {
  it('spaces sends by the second with burst pacing, at 98 % of the quota', async () => {
    const { clock, ask, sent } = setUp();
    ask(400);
    await clock.advance(10_000);
    expect(new Set(gaps(sent))).toEqual(new Set([51]));
    expect(sent.length).toBe(197);
    expect(mostIn(1_000, sent)).toBe(20);
  });

  it('spaces sends by the hour minus its reserve with smooth pacing', async () => {
    const { clock, ask, sent } = setUp({ pacing: 'smooth' });
    ask(400);
    await clock.advance(30_000);
    expect(new Set(gaps(sent))).toEqual(new Set([153]));
  });

  it('sends at once after a pause, but not in a burst', async () => {
    const { clock, ask, sent } = setUp();
    ask(1);
    await clock.advance(60_000);
    ask(30);
    await clock.advance(1_000);
    expect(sent[1]).toBe((sent[0] ?? 0) + 60_000);
    expect(new Set(gaps(sent.slice(1)))).toEqual(new Set([51]));
  });

  it('never permits 21 sends in a second, however long the event loop stalls', async () => {
    const seed = Date.now() % 100_000;
    let state = seed;
    const random = (): number => (state = (state * 16_807 + 11) % 2_147_483_647) / 2_147_483_647;
    const { clock, ask, sent } = setUp();
    ask(1_000);
    for (let n = 0; n < 400; n += 1) {
      await clock.advance(random() * 150);
      clock.stall(random() < 0.3 ? random() * 400 : random() * 30);
    }
    if (mostIn(1_000, sent) > 20) throw new Error(`${mostIn(1_000, sent)} sends in one second; seed ${seed}`);
    expect(sent.length).toBeGreaterThan(300);
  });

  it('never lets 21 requests arrive in a second, if each travels for up to 60 ms', async () => {
    const { clock, quota } = setUp();
    const arrivals: number[] = [];
    // The worst case: slow requests, directly followed by fast ones.
    const travel = (n: number): number => (n % 40 < 20 ? 60 : 0);
    for (let n = 0; n < 200; n += 1) {
      void quota.acquire(forever).then((permission) => {
        clock.after(travel(n), () => {
          arrivals.push(clock.now());
          // Every third answer is slow, so its arrival is not reported.
          if (n % 3 !== 0) permission.arrived();
        });
      });
    }
    await clock.advance(12_000);
    expect(arrivals).toHaveLength(200);
    expect(
      mostIn(
        1_000,
        arrivals.sort((a, b) => a - b),
      ),
    ).toBeLessThanOrEqual(20);
  });

  it('uses 92 % of the second if every answer is slow', async () => {
    const { clock, quota } = setUp();
    let sent = 0;
    for (let n = 0; n < 300; n += 1) void quota.acquire(forever).then(() => (sent += 1));
    await clock.advance(10_800);
    expect(sent).toBeGreaterThanOrEqual(200);
  });

  it('keeps the rhythm after a short delay, and drops the slots missed in a long one', async () => {
    const { clock, ask, sent } = setUp();
    ask(100);
    await clock.advance(510);
    clock.stall(90);
    await clock.advance(420);
    const rhythm = sent.length;
    expect(rhythm).toBe(21);
    clock.stall(2_000);
    await clock.advance(102);
    // One at once, and then at the normal pace: not the 39 missed ones.
    expect(sent.length - rhythm).toBe(3);
  });

  it('serves waiters in order of arrival, and an aborted waiter leaves its place to the next', async () => {
    const { clock, quota, sent, ask } = setUp();
    const order: string[] = [];
    const cancelled = new AbortController();
    ask(1);
    void quota.acquire(forever).then(() => order.push('a'));
    const b = failureOf(quota.acquire(cancelled.signal));
    void quota.acquire(forever).then(() => order.push('c'));
    const reason = new Error('cancelled');
    cancelled.abort(reason);
    expect(await b).toBe(reason);
    await clock.advance(102);
    expect(order).toEqual(['a', 'c']);
    expect(sent).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('leaves no timer when its last waiter is aborted', async () => {
    const { clock, quota, ask } = setUp();
    const cancelled = new AbortController();
    ask(1);
    const waiter = failureOf(quota.acquire(cancelled.signal));
    expect(clock.pending).toBe(1);
    cancelled.abort();
    await waiter;
    expect(clock.pending).toBe(0);
    await expect(quota.acquire(cancelled.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('holds at most 1,000 waiters', async () => {
    const { clock, ask, quota, sent } = setUp();
    ask(1_001);
    await expect(quota.acquire(forever)).rejects.toMatchObject({ code: 'LEGIFRANCE_THROTTLED' });
    await clock.advance(60_000);
    expect(sent).toHaveLength(1_001);
  });

  it('stays within the hour in every sliding hour, and reports when it has room again', async () => {
    const world = setUp({ perHour: 3_600 });
    const { clock, quota, sent } = world;
    // Spent after three minutes, at 20 a second.
    const [refusal] = await work(world, 240_000);
    expect(sent).toHaveLength(3_600);
    expect(refusal).toMatchObject({ code: 'QUOTA_SPENT' });
    const { retryAfterMs = 0, message } = refusal as { retryAfterMs?: number; message: string };
    const spentAt = sent.at(-1) ?? 0;
    // A message is read later, so it names the time and does not count from when it was written.
    const [until = ''] = /(?<=is spent until )\S+Z(?=\.$)/.exec(message) ?? [];
    const refusedAt = clock.date() - (clock.now() - spentAt);
    expect(Math.abs(Date.parse(until) - refusedAt - retryAfterMs)).toBeLessThanOrEqual(1_100);
    await clock.advance(spentAt + retryAfterMs - clock.now() - 1_000);
    // Now the wait is short enough.
    const waited = quota.acquire(forever).then(() => clock.now());
    await clock.advance(1_000);
    await expect(waited).resolves.toBeLessThanOrEqual(spentAt + retryAfterMs);
    await work(world, 240_000);
    expect(sent.length).toBeGreaterThan(3_700);
    expect(mostIn(3_600_000 - 1, sent)).toBeLessThanOrEqual(3_600);
  });

  it('uses the whole hour with smooth pacing, and no more in any sliding hour', async () => {
    const world = setUp({ pacing: 'smooth', perHour: 1_200, reservePercent: 0 });
    expect(await work(world, 2.5 * 3_600_000)).toEqual([]);
    expect(mostIn(3_600_000 - 1, world.sent)).toBeLessThanOrEqual(1_200);
    expect(world.sent.length).toBeGreaterThan(1_200 * 2.5 * 0.98);
  });

  it('stays within the day in every sliding day', async () => {
    const world = setUp({ perDay: 500 });
    const [refusal] = await work(world, 60_000);
    expect(refusal).toMatchObject({ code: 'QUOTA_SPENT' });
    for (let hour = 0; hour < 26; hour += 1) {
      await world.clock.advance(3_600_000);
      await work(world, 5_000);
    }
    expect(world.sent.length).toBeGreaterThan(500);
    expect(mostIn(86_400_000 - 1, world.sent)).toBe(500);
  });

  it('keeps a reserve of the hour and of the day for MAINTENANCE when MASSIVE has spent the rest', async () => {
    for (const [limits, named] of [
      [
        { perHour: 10_000 },
        'The quota of the hour (10000 requests, 200 of them for MAINTENANCE, LEGISYNC_QUOTA_PER_HOUR)',
      ],
      [
        { perDay: 10_000 },
        'The quota of the day (10000 requests, 200 of them for MAINTENANCE, LEGISYNC_QUOTA_PER_DAY)',
      ],
    ] as const) {
      const world = setUp({ ...limits, reservePercent: 2 });
      const [refusal] = await work(world, 600_000, 5, MASSIVE);
      expect(world.sent).toHaveLength(9_800);
      expect(refusal).toMatchObject({ code: 'QUOTA_SPENT' });
      expect(String(refusal)).toContain(named);
      const [end] = await work(world, 600_000, 5, 1);
      expect(world.sent).toHaveLength(10_000);
      expect(end).toMatchObject({ code: 'QUOTA_SPENT' });
    }
  });

  it('keeps at least one MAINTENANCE run, at most half of a small quota, and nothing if the reserve is 0', async () => {
    const spent = async (perDay: number, reservePercent?: number): Promise<number> => {
      const world = setUp({ perDay, reservePercent });
      await work(world, 120_000, 5, MASSIVE);
      return world.sent.length;
    };
    expect(await spent(1_000)).toBe(890);
    expect(await spent(100)).toBe(50);
    expect(await spent(1_000, 0)).toBe(1_000);
    expect(await spent(1_000, 40)).toBe(600);
  });

  it('serves MAINTENANCE at once, even if MASSIVE came first and waits because of the reserve', async () => {
    const { clock, quota, ask, sent } = setUp({ perDay: 200, pacing: 'burst' });
    ask(90);
    await clock.advance(10_000);
    expect(sent).toHaveLength(90);
    for (let n = 0; n < 10; n += 1) void quota.acquire(forever, MASSIVE).then(() => sent.push(clock.now()));
    await clock.advance(1_000);
    // The first minute of the day leaves the window soon, so MASSIVE waits instead of being
    // refused.
    await clock.advance(86_400_000 - 20_000);
    const order: string[] = [];
    ask(90);
    await clock.advance(5_000);
    for (const rank of [MASSIVE, 1, MASSIVE, 0]) {
      void quota.acquire(forever, rank).then(
        () => order.push(rank === MASSIVE ? 'massive' : 'maintenance'),
        () => undefined,
      );
    }
    await clock.advance(200);
    expect(order.slice(0, 2)).toEqual(['maintenance', 'maintenance']);
  });

  it('never pauses MASSIVE for long with smooth pacing, whatever the reserve', async () => {
    const world = setUp({ pacing: 'smooth', perHour: 3_600, reservePercent: 10 });
    expect(await work(world, 2.5 * 3_600_000, 5, MASSIVE)).toEqual([]);
    expect(mostIn(3_600_000 - 1, world.sent)).toBeLessThanOrEqual(3_240);
    expect(world.sent.length).toBeGreaterThan(3_240 * 2.5 * 0.98);
  });

  it('halves its rate when the API refuses, once for simultaneous refusals, and recovers in a minute', async () => {
    const { clock, quota, sent, ask } = setUp();
    ask(900);
    await clock.advance(5_000);
    for (let n = 0; n < 10; n += 1) quota.throttled();
    const before = sent.length;
    await clock.advance(1_000);
    expect(sent.length - before).toBeGreaterThanOrEqual(8);
    expect(sent.length - before).toBeLessThanOrEqual(11);
    await clock.advance(30_000);
    const later = sent.length;
    await clock.advance(1_000);
    expect(sent.length - later).toBe(20);
  });

  it('never slows down below one send a second', async () => {
    const { clock, quota, sent, ask } = setUp();
    ask(100);
    for (let n = 0; n < 30; n += 1) {
      quota.throttled();
      await clock.advance(1_000);
    }
    const before = sent.length;
    quota.throttled();
    await clock.advance(5_000);
    expect(sent.length - before).toBeGreaterThanOrEqual(4);
    expect(sent.length - before).toBeLessThanOrEqual(12);
  });

  it('sends nothing for the duration of Retry-After', async () => {
    const { clock, quota, sent, ask } = setUp();
    ask(3);
    await settled();
    quota.throttled(20_000);
    await clock.advance(19_999);
    expect(sent).toHaveLength(1);
    await clock.advance(1);
    expect(sent).toHaveLength(2);
  });

  it('refuses waiters if Retry-After is long, and pauses for at most an hour', async () => {
    const { clock, quota } = setUp();
    const waiting = [0, 1].map(() => failureOf(quota.acquire(forever).then(() => quota.acquire(forever))));
    await settled();
    quota.throttled(86_400_000);
    const [error] = await Promise.all(waiting);
    const until = new Date(clock.date() + 3_600_000).toISOString().replace('.000', '');
    expect(error).toMatchObject({
      code: 'LEGIFRANCE_THROTTLED',
      retryAfterMs: 3_600_000,
      message: `Légifrance asked for a pause; the next request may be sent at ${until}.`,
    });
    await clock.advance(3_600_000);
    await quota.acquire(forever);
  });

  it('stays within the second if timers wake early or late, and uses at least 90 % of it', async () => {
    const clock = new FakeClock();
    // A timer of Node may wake a millisecond early, and many milliseconds late.
    const lateness = [-1, 0, 12, 0, 3, 40, 1, 0, 90, 2, 0, 25];
    let timers = 0;
    const jittery: Clock = {
      now: clock.now,
      date: clock.date,
      after: (delayMs, wake) => {
        timers += 1;
        return clock.after(delayMs + (lateness[timers % lateness.length] ?? 0), wake);
      },
    };
    const world = setUp({ clock: jittery }, clock);
    expect(await work(world, 30_000, 30)).toEqual([]);
    expect(timers).toBeGreaterThan(400);
    expect(mostIn(1_000, world.sent)).toBe(20);
    expect(world.sent.length / 30 / 20).toBeGreaterThanOrEqual(0.9);
  });
});
