import type { BackfillChunkResult, BackfillPhase, BackfillRun } from '../../src/contract/backfill.ts';
import { BackfillPace } from '../../src/workflows/backfill/pace.ts';

/** The least step, in objects. */
const SMALLEST = 100;

/** A chunk that took so long, in seconds, is followed by one no larger. */
const SLOW = 2.6;
const QUICK = 2.5;

interface Committed {
  readonly phase?: BackfillPhase;
  readonly scanned?: number;
  /** What the chunk itself took, in seconds. */
  readonly seconds?: number;
  /** Where the run's own clock stands after it, in seconds. */
  readonly at?: number;
  /** The phase in which the run is after it. */
  readonly next?: BackfillPhase;
}

/** What the database says of a chunk that it committed: as it is here, a quick one. */
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

/** The steps that it comes to by being slowed, the first one included, until it says that it cannot be slower. */
function stepsDown(pace: BackfillPace, phase: BackfillPhase): number[] {
  const steps = [pace.step(phase)];
  // More halvings than a million can bear would be an endless loop.
  for (let n = 0; n < 30 && pace.slower(phase); n += 1) steps.push(pace.step(phase));
  return steps;
}

describe('the step of a backfill', () => {
  it('is the chunk, halves after each cancelled one down to the smallest step, and then says that it cannot', () => {
    const pace = new BackfillPace(1_600, 0);
    expect(stepsDown(pace, 'queue')).toEqual([1_600, 800, 400, 200, SMALLEST]);
    expect(pace.halvings).toBe(4);
    expect(pace.slower('queue')).toBe(false);
    expect(pace.halvings).toBe(4);
    expect(pace.step('queue')).toBe(SMALLEST);
  });

  it('is whole, and never below the smallest step, for a chunk that halves unevenly', () => {
    expect(stepsDown(new BackfillPace(1_001, 0), 'queue')).toEqual([1_001, 500, 250, 125, SMALLEST]);
  });

  it('doubles again after a quick chunk, up to the chunk, and not after a slow one', () => {
    const pace = new BackfillPace(1_600, 2);
    pace.committed(chunk({ seconds: SLOW }));
    expect(pace.step('queue')).toBe(400);
    pace.committed(chunk({ seconds: QUICK }));
    expect(pace.step('queue')).toBe(800);
    pace.committed(chunk({ seconds: QUICK }));
    pace.committed(chunk({ seconds: QUICK }));
    expect(pace.step('queue')).toBe(1_600);
    expect(pace.halvings).toBe(0);
  });

  it('is halved as often as the run of before left it', () => {
    const before = new BackfillPace(8_000, 0);
    for (let n = 0; n < 3; n += 1) before.slower('queue');
    const after = new BackfillPace(8_000, before.halvings);
    expect(after.halvings).toBe(3);
    expect(after.step('queue')).toBe(1_000);
  });

  it.each(['catch_up', 'verify'] as const)(
    'is ten times as large while it reads (%s), at most a million, and at least the chunk',
    (phase) => {
      expect(new BackfillPace(1_000, 0).step(phase)).toBe(10_000);
      expect(new BackfillPace(100_000, 0).step(phase)).toBe(1_000_000);
      expect(new BackfillPace(250_000, 0).step(phase)).toBe(1_000_000);
      expect(new BackfillPace(1_000_000, 0).step(phase)).toBe(1_000_000);
      expect(new BackfillPace(250_000, 1).step(phase)).toBe(500_000);
    },
  );

  it('is at most 10,000 rows where it fills sizes, whatever the chunk, and halves from there', () => {
    for (const whole of [10_000, 100_000, 1_000_000]) {
      expect(new BackfillPace(whole, 0).step('sizes')).toBe(10_000);
      expect(new BackfillPace(whole, 1).step('sizes')).toBe(5_000);
    }
    expect(new BackfillPace(2_000, 0).step('sizes')).toBe(2_000);
  });
});

describe('the rate of a backfill', () => {
  it('is not known before the second chunk of a phase', () => {
    const pace = new BackfillPace(1_000, 0);
    expect(pace.rate()).toBeNull();
    pace.committed(chunk({ at: 10 }));
    expect(pace.rate()).toBeNull();
    pace.committed(chunk({ at: 12 }));
    expect(pace.rate()).toBe(500);
  });

  it('is that of the last chunks: what was long ago does not count', () => {
    const pace = new BackfillPace(1_000, 0);
    // 10 objects a second, then, in more chunks than it remembers, 1,000.
    for (let at = 100; at <= 1_000; at += 100) pace.committed(chunk({ at }));
    expect(pace.rate()).toBe(10);
    for (let at = 1_001; at <= 1_010; at += 1) pace.committed(chunk({ at }));
    expect(pace.rate()).toBe(1_000);
  });

  it('begins anew in each phase', () => {
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

  it('forgets what stood still', () => {
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

  it('is not known where no time has passed', () => {
    const pace = new BackfillPace(1_000, 0);
    pace.committed(chunk({ at: 5 }));
    pace.committed(chunk({ at: 5 }));
    expect(pace.rate()).toBeNull();
  });
});
