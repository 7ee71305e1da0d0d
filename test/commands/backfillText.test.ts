import { describeBackfill, reportOf } from '../../src/commands/backfill/follow.ts';
import { readBackfillFlags, type BackfillFlags } from '../../src/commands/backfill/options.ts';
import { describePlan, expectationOf } from '../../src/commands/backfill/plan.ts';
import { EXIT } from '../../src/cli/exit.ts';
import { FAILURES } from '../../src/contract/failures.ts';
import type { BackfillPlan, BackfillProgress, BackfillRun } from '../../src/contract/backfill.ts';
import { COMPLETED, PLAN, SETTINGS } from './backfillRuns.ts';

describe('the expected duration of a backfill', () => {
  const expectation = (flags: BackfillFlags, last: BackfillRun | null) =>
    expectationOf(PLAN, readBackfillFlags(flags, SETTINGS), last);

  it('comes from a benchmark if there was no earlier run', () => {
    const { chunks, seconds, basis } = expectation({}, null);
    expect({ chunks, basis }).toEqual({ chunks: 28, basis: 'a benchmark on two cores' });
    // Three readings of 1.4 million objects, and a million rows that cost nine readings each, at
    // 1.2 µs.
    expect(seconds).toBeCloseTo(15.84, 2);
  });

  it('comes from the last run, if there is one', () => {
    const slow = { ...COMPLETED, scanned: 100_000, queued: 100_000, busySeconds: 120, seconds: 36_000 };
    const { seconds, basis } = expectation({}, slow);
    expect(basis).toBe('the last run');
    // 120 s for 300,000 readings and 100,000 rows: 0.1 ms a reading.
    expect(seconds).toBeCloseTo(1_320, 5);
  });

  it.each([
    ['did not end', { state: 'running' as const }],
    ['was abandoned', { state: 'abandoned' as const }],
    ['saw too few objects', { scanned: 9_999 }],
    ['filled sizes', { kind: 'sizes' as const }],
  ])('does not come from a last run that %s', (_, change) => {
    expect(expectation({}, { ...COMPLETED, ...change }).basis).toBe('a benchmark on two cores');
  });

  it('counts the rows without a size, not the missing ones, for --fill-sizes', () => {
    const { chunks, seconds } = expectation({ fillSizes: true }, null);
    // 400,000 rows of the queue are read once, and 500 written.
    expect(chunks).toBe(40);
    expect(seconds).toBeCloseTo(0.485, 3);
  });
});

describe('a plan for people', () => {
  const lines = (flags: BackfillFlags, change: Partial<BackfillPlan> = {}) => {
    const plan = { ...PLAN, ...change };
    const request = readBackfillFlags(flags, SETTINGS);
    return describePlan(plan, request, expectationOf(plan, request, null));
  };

  it('says what is missing, what the Workers will do, and how long it takes', () => {
    expect(lines({})).toEqual([
      '1383227 files, 1000000 of them without a row (105.0 GB).',
      '1000000 new rows will be pending: your Workers process each of these files.',
      'Chunks of 50000: 28; about 16 s (estimated from a benchmark on two cores).',
    ]);
  });

  it('names the prefix, and counts paths that a row of another bucket holds', () => {
    expect(lines({ prefix: 'legifrance/codes/' }, { heldByOtherBucket: 3, missingBytes: 5e6 })).toEqual([
      '1383227 files under legifrance/codes/, 1000000 of them without a row (5.0 MB).',
      '3 files have a path that a row of another bucket holds; they are left alone.',
      expect.any(String),
      expect.any(String),
    ]);
  });

  it('announces no work if nothing is missing', () => {
    expect(lines({}, { missing: 0, missingBytes: 0 })).toEqual([
      '1383227 files, and each has a row: there is nothing to queue.',
    ]);
  });

  it('says which files no Worker will process', () => {
    expect(lines({ status: 'processed' })[1]).toBe(
      'New rows are written as processed: no Worker processes these files again.',
    );
    expect(lines({ status: 'processed', before: '2026-11-01' })[1]).toBe(
      'New rows of files last written before 2026-11-01T00:00:00.000Z are written as processed; the others are pending.',
    );
  });

  it('counts rows without a size for --fill-sizes', () => {
    expect(lines({ fillSizes: true })[0]).toBe('500 rows have no size and get the size of their file.');
  });

  it.each([
    [0, '1 s'],
    [1_400_000, '6 s'],
    [30_000_000, '2 min'],
  ])('with %i objects and one missing takes about %s', (objects, time) => {
    expect(lines({}, { objects, missing: 1 }).at(-1)).toContain(`about ${time} (`);
  });
});

describe('the progress of a backfill for people', () => {
  const RUNNING: BackfillProgress = {
    state: 'backfilling',
    phase: 'queue',
    paused: false,
    pauseReason: '',
    run: { ...COMPLETED, state: 'running', phase: 'queue', position: 'a', queued: 90, sized: 40 },
    objects: 1_000,
    done: 100,
    rate: 49.6,
    secondsLeft: 18.1,
    size: 1_000,
    timeouts: 0,
  };

  it.each([
    [{}, 'queue: 100 of 1000 objects, 90 queued, 50 objects/s, 19 s left in this phase'],
    [
      { state: 'paused' as const, paused: true, rate: null, secondsLeft: null },
      'paused in queue: 100 of 1000 objects, 90 queued',
    ],
    [
      {
        state: 'pausing' as const,
        paused: true,
        pauseReason: 'peak hours',
        rate: null,
        secondsLeft: null,
      },
      'pausing in queue: 100 of 1000 objects, 90 queued; reason of the pause: peak hours',
    ],
    [
      { state: 'failing' as const, timeouts: 5, rate: null, secondsLeft: null },
      'queue: 100 of 1000 objects, 90 queued; 5 chunks timed out in the database and were halved; ' +
        `the database cancels even the smallest chunk. Next: ${FAILURES.DATABASE_TIMEOUT.remedy}`,
    ],
    [{ objects: null, rate: null, secondsLeft: null }, 'queue: 100 objects, 90 queued'],
    [{ phase: 'opening' as const, run: null }, 'opening the run'],
    [
      { state: 'pausing' as const, phase: 'opening' as const, run: null, pauseReason: 'peak hours' },
      'pausing after opening the run; reason of the pause: peak hours',
    ],
    [{ phase: 'verify' as const, rate: null, secondsLeft: null }, 'verify: 100 of 1000 objects, 90 queued'],
    [
      { timeouts: 2, rate: null, secondsLeft: null },
      'queue: 100 of 1000 objects, 90 queued; 2 chunks timed out in the database and were halved',
    ],
    [
      {
        phase: 'sizes' as const,
        run: { ...COMPLETED, kind: 'sizes' as const, sized: 40 },
        secondsLeft: null,
      },
      'sizes: 100 of 1000 objects, 40 sizes filled in, 50 objects/s',
    ],
  ])('%j', (change, line) => {
    expect(describeBackfill({ ...RUNNING, ...change })).toBe(line);
  });
});

describe('the end of a backfill', () => {
  it('is reported with the rows that were queued and verified', () => {
    const { data, lines, exitCode } = reportOf({ run: COMPLETED, timeouts: 1 });
    expect(data).toEqual({ run: COMPLETED, timeouts: 1 });
    expect(lines).toEqual([
      'Run 7: 20000 rows queued from 20010 objects in 2.5 s; 3 of the files arrived during the run.',
      'Verified: missing 0, in flight 4, held by another bucket 2, folders and placeholders 10.',
      'Next: legisync coherence',
    ]);
    expect(exitCode).toBeUndefined();
  });

  it('is a failure if files are missing after it', () => {
    const { lines, exitCode } = reportOf({ run: { ...COMPLETED, missing: 1 }, timeouts: 0 });
    expect(exitCode).toBe(EXIT.failed);
    expect(lines.at(-1)).toContain('legisync backfill');
  });

  it('says how many sizes were filled in', () => {
    const { lines, exitCode } = reportOf({ run: { ...COMPLETED, kind: 'sizes', sized: 12 }, timeouts: 0 });
    expect(lines).toEqual(['Run 7: filled in the size of 12 rows in 2.5 s.', 'Next: legisync coherence']);
    expect(exitCode).toBeUndefined();
  });
});
