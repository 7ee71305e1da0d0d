import type { BackfillChunkResult, BackfillPhase, BackfillRun } from '../../src/contract/backfill.ts';
import { BackfillPace } from '../../src/workflows/backfill/pace.ts';

/** The smallest chunk, in objects. */
const SMALLEST = 100;

/** After a slow chunk the next one is not larger. In seconds. */
const SLOW = 2.6;
const QUICK = 2.5;

interface Committed {
  readonly phase?: BackfillPhase;
  readonly scanned?: number;
  /** Duration of the chunk, in seconds. */
  readonly seconds?: number;
  /** Time of the run's own clock after it, in seconds. */
  readonly at?: number;
  /** Phase of the run after it. */
  readonly next?: BackfillPhase;
}

/** The database's answer for a committed chunk. By default a quick one. */
function chunk({ phase = 'queue', scanned = 1_000, seconds = 1, at = 1, next = phase }: Committed = {}) {
  const run: BackfillRun = {
    id: 1,
    bucket: 'bucket',
    kind: 'queue',
    prefix: '',
    finished: false,
    before: null,
    state: 'running',
    phase: next,
    position: next === phase ? 'path' : '',
    chunks: 1,
    scanned,
    queued: scanned,
    caughtUp: 0,
    sized: 0,
    missing: 0,
    inFlight: 0,
    heldByOtherBucket: 0,
    skipped: 0,
    startedAt: '2026-11-24T06:00:00+00:00',
    busySeconds: seconds,
    seconds: at,
  };
  return { outcome: 'done', phase, scanned, changed: scanned, seconds, run } satisfies BackfillChunkResult;
}

/** The sizes of the chunks, if each is cancelled, until they cannot be smaller. */
function sizesDown(pace: BackfillPace, phase: BackfillPhase): number[] {
  const sizes = [pace.size(phase)];
  // A million cannot be halved this often: reaching it means a bug.
  for (let n = 0; n < 30 && pace.slower(phase); n += 1) sizes.push(pace.size(phase));
  return sizes;
}

describe('the chunks of a backfill', () => {
  it('halve after each cancelled one, down to the smallest size, and then report that they cannot', () => {
    const pace = new BackfillPace(1_600, 0);
    expect(sizesDown(pace, 'queue')).toEqual([1_600, 800, 400, 200, SMALLEST]);
    expect(pace.halvings).toBe(4);
    expect(pace.slower('queue')).toBe(false);
    expect(pace.halvings).toBe(4);
    expect(pace.size('queue')).toBe(SMALLEST);
  });

  it('have a whole number of objects, and never fewer than the smallest size, if they halve unevenly', () => {
    expect(sizesDown(new BackfillPace(1_001, 0), 'queue')).toEqual([1_001, 500, 250, 125, SMALLEST]);
  });

  it('double after a quick one, up to the full size, and not after a slow one', () => {
    const pace = new BackfillPace(1_600, 2);
    pace.committed(chunk({ seconds: SLOW }));
    expect(pace.size('queue')).toBe(400);
    pace.committed(chunk({ seconds: QUICK }));
    expect(pace.size('queue')).toBe(800);
    pace.committed(chunk({ seconds: QUICK }));
    pace.committed(chunk({ seconds: QUICK }));
    expect(pace.size('queue')).toBe(1_600);
    expect(pace.halvings).toBe(0);
  });

  it('are halved as often as the previous run left them', () => {
    const before = new BackfillPace(8_000, 0);
    for (let n = 0; n < 3; n += 1) before.slower('queue');
    const after = new BackfillPace(8_000, before.halvings);
    expect(after.halvings).toBe(3);
    expect(after.size('queue')).toBe(1_000);
  });

  it.each(['catch_up', 'verify'] as const)(
    'are ten times as large in a phase that reads (%s), at most a million, and at least the full size',
    (phase) => {
      expect(new BackfillPace(1_000, 0).size(phase)).toBe(10_000);
      expect(new BackfillPace(100_000, 0).size(phase)).toBe(1_000_000);
      expect(new BackfillPace(250_000, 0).size(phase)).toBe(1_000_000);
      expect(new BackfillPace(1_000_000, 0).size(phase)).toBe(1_000_000);
      expect(new BackfillPace(250_000, 1).size(phase)).toBe(500_000);
    },
  );

  it('have at most 10,000 rows in a run that fills sizes, whatever the full size, and halve from there', () => {
    for (const whole of [10_000, 100_000, 1_000_000]) {
      expect(new BackfillPace(whole, 0).size('sizes')).toBe(10_000);
      expect(new BackfillPace(whole, 1).size('sizes')).toBe(5_000);
    }
    expect(new BackfillPace(2_000, 0).size('sizes')).toBe(2_000);
  });
});

describe('the rate of a backfill', () => {
  it('is unknown before the second chunk of a phase', () => {
    const pace = new BackfillPace(1_000, 0);
    expect(pace.rate()).toBeNull();
    pace.committed(chunk({ at: 10 }));
    expect(pace.rate()).toBeNull();
    pace.committed(chunk({ at: 12 }));
    expect(pace.rate()).toBe(500);
  });

  it('is that of the last chunks only', () => {
    const pace = new BackfillPace(1_000, 0);
    // 10 objects per second, then 1,000 in more chunks than the window has.
    for (let at = 100; at <= 1_000; at += 100) pace.committed(chunk({ at }));
    expect(pace.rate()).toBe(10);
    for (let at = 1_001; at <= 1_010; at += 1) pace.committed(chunk({ at }));
    expect(pace.rate()).toBe(1_000);
  });

  it('starts again in each phase', () => {
    const pace = new BackfillPace(1_000, 0);
    pace.committed(chunk({ at: 10 }));
    pace.committed(chunk({ at: 20 }));
    expect(pace.rate()).toBe(100);
    pace.committed(chunk({ at: 30, next: 'catch_up' }));
    expect(pace.rate()).toBeNull();
    pace.committed(chunk({ phase: 'catch_up', scanned: 9_000, at: 31 }));
    expect(pace.rate()).toBeNull();
    pace.committed(chunk({ phase: 'catch_up', scanned: 9_000, at: 32 }));
    expect(pace.rate()).toBe(9_000);
  });

  it('does not count a pause', () => {
    const pace = new BackfillPace(1_000, 0);
    pace.committed(chunk({ at: 1 }));
    pace.committed(chunk({ at: 2 }));
    pace.pause();
    expect(pace.rate()).toBeNull();
    // An hour later.
    pace.committed(chunk({ at: 3_602 }));
    pace.committed(chunk({ at: 3_603 }));
    expect(pace.rate()).toBe(1_000);
  });

  it('is unknown if no time has passed', () => {
    const pace = new BackfillPace(1_000, 0);
    pace.committed(chunk({ at: 5 }));
    pace.committed(chunk({ at: 5 }));
    expect(pace.rate()).toBeNull();
  });
});
