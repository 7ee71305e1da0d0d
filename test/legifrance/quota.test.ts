import {
  createProcessQuota,
  type ProcessQuotaOptions,
  type Quota,
} from '../../src/legifrance/quota/quota.ts';
import { systemClock } from '../../src/legifrance/clock.ts';
import { FakeClock, failureOf, settled } from './support.ts';

const forever = new AbortController().signal;

/** A rank as batches of MASSIVE have it. */
const MASSIVE = 12_345;

interface Play {
  readonly clock: FakeClock;
  readonly quota: Quota;
  /** When each permission was given. */
  readonly sent: number[];
  /** Asks `count` times, without waiting. */
  readonly ask: (count: number) => void;
}

function play(options: Partial<ProcessQuotaOptions> = {}): Play {
  const clock = new FakeClock();
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

/** The most sends in any window of `spanMs`, both ends included: the strictest reading. */
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

/** Asks again and again, `workers` at a time, while `clock` goes on by `ms`; returns what refusals came. */
async function work({ clock, quota, sent }: Play, ms: number, workers = 5, rank = 0): Promise<unknown[]> {
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
  it('spaces sends by the second when it may burst, at 98 % of the quota', async () => {
    const { clock, ask, sent } = play();
    ask(400);
    await clock.advance(10_000);
    expect(new Set(gaps(sent))).toEqual(new Set([51]));
    expect(sent.length).toBe(197);
    expect(mostIn(1_000, sent)).toBe(20);
  });

  it('spaces sends by the hour, less its reserve, when it is to be smooth', async () => {
    const { clock, ask, sent } = play({ pacing: 'smooth' });
    ask(400);
    await clock.advance(30_000);
    expect(new Set(gaps(sent))).toEqual(new Set([153]));
  });

  it('sends at once after it has been idle, and not in a heap', async () => {
    const { clock, ask, sent } = play();
    ask(1);
    await clock.advance(60_000);
    ask(30);
    await clock.advance(1_000);
    expect(sent[1]).toBe((sent[0] ?? 0) + 60_000);
    expect(new Set(gaps(sent.slice(1)))).toEqual(new Set([51]));
  });

  it('never lets 21 sends into a second, however the event loop stalls', async () => {
    const seed = Date.now() % 100_000;
    let state = seed;
    const random = (): number => (state = (state * 16_807 + 11) % 2_147_483_647) / 2_147_483_647;
    const { clock, ask, sent } = play();
    ask(1_000);
    for (let n = 0; n < 400; n += 1) {
      await clock.advance(random() * 150);
      clock.stall(random() < 0.3 ? random() * 400 : random() * 30);
    }
    if (mostIn(1_000, sent) > 20) throw new Error(`${mostIn(1_000, sent)} sends in one second; seed ${seed}`);
    expect(sent.length).toBeGreaterThan(300);
  });

  it('never lets 21 requests arrive in a second, when each is on its way for up to 60 ms', async () => {
    const { clock, quota } = play();
    const arrivals: number[] = [];
    // Slow ones and the fast ones right after them: the worst case.
    const travel = (n: number): number => (n % 40 < 20 ? 60 : 0);
    for (let n = 0; n < 200; n += 1) {
      void quota.acquire(forever).then((permission) => {
        clock.after(travel(n), () => {
          arrivals.push(clock.now());
          // Every third answer takes long: what we do not know must not harm.
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

  it('uses 92 % of the second where every answer takes long', async () => {
    const { clock, quota } = play();
    let sent = 0;
    for (let n = 0; n < 300; n += 1) void quota.acquire(forever).then(() => (sent += 1));
    await clock.advance(10_800);
    expect(sent).toBeGreaterThanOrEqual(200);
  });

  it('keeps the rhythm over a small delay, and gives up the slots missed by a long one', async () => {
    const { clock, ask, sent } = play();
    ask(100);
    await clock.advance(510);
    clock.stall(90);
    await clock.advance(420);
    const rhythm = sent.length;
    expect(rhythm).toBe(21);
    clock.stall(2_000);
    await clock.advance(102);
    // One at once, and then at the pace: not the 39 that were missed.
    expect(sent.length - rhythm).toBe(3);
  });

  it('serves in the order of asking, and an aborted waiter leaves his place to the next', async () => {
    const { clock, quota, sent, ask } = play();
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

  it('leaves no timer behind when its last waiter is aborted', async () => {
    const { clock, quota, ask } = play();
    const cancelled = new AbortController();
    ask(1);
    const waiter = failureOf(quota.acquire(cancelled.signal));
    expect(clock.pending).toBe(1);
    cancelled.abort();
    await waiter;
    expect(clock.pending).toBe(0);
    await expect(quota.acquire(cancelled.signal)).rejects.toThrow('aborted');
  });

  it('holds at most 1,000 waiters', async () => {
    const { clock, ask, quota, sent } = play();
    ask(1_001);
    await expect(quota.acquire(forever)).rejects.toMatchObject({ code: 'LEGIFRANCE_THROTTLED' });
    await clock.advance(60_000);
    expect(sent).toHaveLength(1_001);
  });

  it('stays within the hour in every sliding hour, and says when it has room again', async () => {
    const stage = play({ perHour: 3_600 });
    const { clock, quota, sent } = stage;
    // Spent after three minutes at 20 a second.
    const [refusal] = await work(stage, 240_000);
    expect(sent).toHaveLength(3_600);
    expect(refusal).toMatchObject({ code: 'QUOTA_SPENT' });
    const { retryAfterMs = 0 } = refusal as { retryAfterMs?: number };
    const spentAt = sent.at(-1) ?? 0;
    await clock.advance(spentAt + retryAfterMs - clock.now() - 1_000);
    // By now it is worth waiting for.
    const waited = quota.acquire(forever).then(() => clock.now());
    await clock.advance(1_000);
    await expect(waited).resolves.toBeLessThanOrEqual(spentAt + retryAfterMs);
    await work(stage, 240_000);
    expect(sent.length).toBeGreaterThan(3_700);
    expect(mostIn(3_600_000 - 1, sent)).toBeLessThanOrEqual(3_600);
  });

  it('uses the whole hour when it is smooth, and no more in any sliding hour', async () => {
    const stage = play({ pacing: 'smooth', perHour: 1_200, reservePercent: 0 });
    expect(await work(stage, 2.5 * 3_600_000)).toEqual([]);
    expect(mostIn(3_600_000 - 1, stage.sent)).toBeLessThanOrEqual(1_200);
    expect(stage.sent.length).toBeGreaterThan(1_200 * 2.5 * 0.98);
  });

  it('stays within the day in every sliding day', async () => {
    const stage = play({ perDay: 500 });
    const [refusal] = await work(stage, 60_000);
    expect(refusal).toMatchObject({ code: 'QUOTA_SPENT' });
    for (let hour = 0; hour < 26; hour += 1) {
      await stage.clock.advance(3_600_000);
      await work(stage, 5_000);
    }
    expect(stage.sent.length).toBeGreaterThan(500);
    expect(mostIn(86_400_000 - 1, stage.sent)).toBe(500);
  });

  it('keeps a reserve of the hour and of the day for MAINTENANCE, when MASSIVE has spent all the rest', async () => {
    for (const limits of [{ perHour: 10_000 }, { perDay: 10_000 }]) {
      const stage = play({ ...limits, reservePercent: 2 });
      const [refusal] = await work(stage, 600_000, 5, MASSIVE);
      expect(stage.sent).toHaveLength(9_800);
      expect(refusal).toMatchObject({ code: 'QUOTA_SPENT' });
      expect(String(refusal)).toContain('are kept for MAINTENANCE');
      const [end] = await work(stage, 600_000, 5, 1);
      expect(stage.sent).toHaveLength(10_000);
      expect(end).toMatchObject({ code: 'QUOTA_SPENT' });
    }
  });

  it('keeps at least a whole run for MAINTENANCE, half of a small quota at most, and nothing where none is wanted', async () => {
    const spent = async (perDay: number, reservePercent?: number): Promise<number> => {
      const stage = play({ perDay, reservePercent });
      await work(stage, 120_000, 5, MASSIVE);
      return stage.sent.length;
    };
    expect(await spent(1_000)).toBe(890);
    expect(await spent(100)).toBe(50);
    expect(await spent(1_000, 0)).toBe(1_000);
    expect(await spent(1_000, 40)).toBe(600);
  });

  it('serves MAINTENANCE at once, though MASSIVE came before it and waits for room that is not for it', async () => {
    const { clock, quota, ask, sent } = play({ perDay: 200, pacing: 'burst' });
    ask(90);
    await clock.advance(10_000);
    expect(sent).toHaveLength(90);
    for (let n = 0; n < 10; n += 1) void quota.acquire(forever, MASSIVE).then(() => sent.push(clock.now()));
    await clock.advance(1_000);
    // The first minute of the day leaves its window in a moment: worth waiting for, in the line.
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

  it('never stops MASSIVE dead when it is smooth, whatever the reserve', async () => {
    const stage = play({ pacing: 'smooth', perHour: 3_600, reservePercent: 10 });
    expect(await work(stage, 2.5 * 3_600_000, 5, MASSIVE)).toEqual([]);
    expect(mostIn(3_600_000 - 1, stage.sent)).toBeLessThanOrEqual(3_240);
    expect(stage.sent.length).toBeGreaterThan(3_240 * 2.5 * 0.98);
  });

  it('halves its rate when the API refuses, once for refusals together, and regains it in a minute', async () => {
    const { clock, quota, sent, ask } = play();
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

  it('never goes below one send a second by itself', async () => {
    const { clock, quota, sent, ask } = play();
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

  it('is silent for as long as Retry-After asks', async () => {
    const { clock, quota, sent, ask } = play();
    ask(3);
    await settled();
    quota.throttled(20_000);
    await clock.advance(19_999);
    expect(sent).toHaveLength(1);
    await clock.advance(1);
    expect(sent).toHaveLength(2);
  });

  it('sends waiters away when the silence is a long one, and is silent for an hour at most', async () => {
    const { clock, quota } = play();
    const waiting = [0, 1].map(() => failureOf(quota.acquire(forever).then(() => quota.acquire(forever))));
    await settled();
    quota.throttled(86_400_000);
    const [error] = await Promise.all(waiting);
    expect(error).toMatchObject({ code: 'LEGIFRANCE_THROTTLED', retryAfterMs: 3_600_000 });
    await clock.advance(3_600_000);
    await quota.acquire(forever);
  });

  it('holds on the real clock: at most 20 in any sliding second, and at least 90 % of them', async () => {
    const quota = createProcessQuota({ perSecond: 20, perHour: 24_000, perDay: 280_000, pacing: 'burst' });
    const end = new AbortController();
    const sent: number[] = [];
    const started = systemClock.now();
    const worker = async (): Promise<void> => {
      while (systemClock.now() - started < 3_000) {
        const permission = await quota.acquire(end.signal);
        sent.push(systemClock.now());
        permission.arrived();
      }
    };
    await Promise.all(Array.from({ length: 30 }, worker));
    const seconds = ((sent.at(-1) ?? 0) - started) / 1_000;
    expect(mostIn(1_000, sent)).toBeLessThanOrEqual(20);
    expect(sent.length / seconds / 20).toBeGreaterThanOrEqual(0.9);
  });
});
