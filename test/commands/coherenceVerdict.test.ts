import type { CoherenceReading, CoherenceVerdict, FullReading } from '../../src/contract/coherence.ts';
import { judge, missingInQueue } from '../../src/coherence/verdict.ts';
import { describeCoherence } from '../../src/commands/queue/coherence.ts';

const LIMITS = { missingLimit: 1_000, gapPercent: 10, requeueHours: 24 };

/** The team's own example, with a row for each file. */
const COHERENT: FullReading = {
  kind: 'full',
  bucket: 'raw',
  at: '2026-11-24T10:00:00.000Z',
  seconds: 5.1,
  graceSeconds: 900,
  storage: { count: 1_383_227, bytes: 155_692_564_480, size: '145 GB' },
  queue: { count: 1_383_227, bytes: 155_692_564_480, size: '145 GB' },
  oldestPending: null,
  files: 1_383_227,
  placeholders: 0,
  rows: 1_383_227,
  rowsOfOtherBuckets: 0,
  missing: 0,
  inFlight: 0,
  placeholdersWithoutRow: 0,
  heldByOtherBucket: 0,
  dangling: 0,
  danglingMarked: 0,
  rowsInFlight: 0,
  markedButBack: 0,
  stale: 0,
  sizeMismatches: 0,
  rowsWithoutSize: 0,
  requeued: { count: 0, since: null, statuses: {} },
  categories: [],
};
const reading = (change: Partial<FullReading> = {}): FullReading => ({ ...COHERENT, ...change });
const cheap = (objects: number, rows: number): CoherenceReading => ({
  kind: 'cheap',
  bucket: 'raw',
  at: COHERENT.at,
  seconds: 0.7,
  storage: { ...COHERENT.storage, count: objects },
  queue: { ...COHERENT.queue, count: rows },
  oldestPending: null,
});
/** Rows with the requeue mark, the first for some hours. */
const waiting = (count: number, hours: number): FullReading['requeued'] => ({
  count,
  since: new Date(Date.parse(COHERENT.at) - hours * 3_600_000).toISOString(),
  statuses: { skipped: count - 1, processing: 1 },
});
const BACKFILL = 'legisync backfill --dry-run';
const DANGLING = 'legisync repair dangling --dry-run';
const STALE = 'legisync repair stale --dry-run';

describe('the verdict on a full reading', () => {
  it.each<[string, Partial<FullReading>, CoherenceVerdict['state'], string | null]>([
    ['nothing differs', {}, 'coherent', null],
    ['1,000 are missing', { missing: 1_000 }, 'coherent', BACKFILL],
    ['1,001 are missing', { missing: 1_001 }, 'desynchronised', BACKFILL],
    ['all of few are missing', { files: 50, rows: 0, missing: 50 }, 'desynchronised', BACKFILL],
    ['10 % are missing', { files: 1_000, missing: 100 }, 'coherent', BACKFILL],
    ['10.1 % are missing', { files: 1_000, missing: 101 }, 'desynchronised', BACKFILL],
    ['many are in flight', { inFlight: 5_000, rowsInFlight: 5_000 }, 'coherent', null],
    ['content waits for Workers for a day', { requeued: waiting(5, 24) }, 'coherent', null],
    ['few wait for longer', { requeued: waiting(1_000, 25) }, 'coherent', null],
    ['many wait for longer', { requeued: waiting(1_001, 25) }, 'desynchronised', null],
    ['few rows dangle', { dangling: 2_273 }, 'coherent', DANGLING],
    ['10.1 % of the rows dangle', { rows: 1_000, dangling: 101 }, 'desynchronised', DANGLING],
    ['as many dangle and are marked', { rows: 1_000, dangling: 101, danglingMarked: 101 }, 'coherent', null],
    ['marked rows are back', { markedButBack: 3 }, 'coherent', DANGLING],
    ['1,000 are stale', { stale: 1_000 }, 'coherent', STALE],
    ['1,001 are stale', { stale: 1_001 }, 'desynchronised', STALE],
    ['sizes differ', { sizeMismatches: 70 }, 'coherent', STALE],
    ['10.1 % of the sizes differ', { rows: 1_000, sizeMismatches: 101 }, 'desynchronised', STALE],
    ['rows have no size', { rowsWithoutSize: 1_383_227 }, 'coherent', null],
    ['paths are held by another bucket', { heldByOtherBucket: 9 }, 'coherent', null],
    [
      'both missing and stale files are too many',
      { missing: 1_001, stale: 1_001 },
      'desynchronised',
      BACKFILL,
    ],
    ['few are missing and too many are stale', { missing: 3, stale: 1_001 }, 'desynchronised', STALE],
  ])('if %s', (_what, change, state, next) => {
    expect(judge(reading(change), LIMITS)).toMatchObject({ state, next });
  });

  it('has a reason for each difference beyond the limits, and a note for those below', () => {
    const { reasons, notes, gaps } = judge(reading({ missing: 1_400, dangling: 200, stale: 30 }), LIMITS);
    expect(reasons).toEqual(['1400 of 1383227 files have no row (0.1 %).']);
    expect(notes).toEqual([
      '30 of 1383227 rows describe another content than their file has.',
      '200 of 1383227 rows have no file (0.01 %); 0 of them are marked.',
    ]);
    expect(gaps).toEqual({ counts: 0, missing: 0.1, dangling: 0.01 });
  });

  it('is not changed by counts that differ for another reason, which it notes', () => {
    const queue = { ...COHERENT.queue, count: 2_000_000 };
    const { state, notes } = judge(reading({ queue, rowsOfOtherBuckets: 616_773 }), LIMITS);
    expect(state).toBe('coherent');
    expect(notes[0]).toMatch(/differ by 44.59 %: 616773 rows belong to other buckets/);
  });

  it('names the status values of rows that wait for a Worker', () => {
    const { notes } = judge(reading({ requeued: waiting(3, 49) }), LIMITS);
    expect(notes.join()).toContain('the first for 49 h. By status: skipped 2, processing 1.');
    expect(notes.join()).toContain('LEGISYNC_STATUS_DONE');
  });
});

describe('the verdict on a cheap reading', () => {
  it.each<[number, number, CoherenceVerdict['state'], string | null, number]>([
    [1_383_227, 1_383_227, 'coherent', null, 0],
    [1_383_227, 1_385_500, 'coherent', null, 0.16],
    [1_383_227, 10_000, 'desynchronised', 'legisync coherence', 99.28],
    [1_001, 0, 'desynchronised', 'legisync coherence', 100],
    [100_000, 98_999, 'desynchronised', 'legisync coherence', 1],
    [100_000, 99_000, 'coherent', null, 1],
    [1_000, 1_101, 'desynchronised', 'legisync coherence', 10.1],
    [0, 5, 'desynchronised', 'legisync coherence', 100],
    [0, 0, 'coherent', null, 0],
  ])('of %i objects and %i rows is %s', (objects, rows, state, next, gap) => {
    expect(judge(cheap(objects, rows), LIMITS)).toMatchObject({ state, next, gaps: { counts: gap } });
  });
});

describe('the team’s own figure', () => {
  it.each([
    [{ missing: 3 }, 3, 'the same'],
    [{ missing: 3, inFlight: 2 }, 5, 'with 2 files in flight'],
    [
      { placeholdersWithoutRow: 12, heldByOtherBucket: 4 },
      12,
      'with 12 placeholders; without 4 files held by another bucket',
    ],
  ])('with %j is %i: %s', (change, count, difference) => {
    expect(missingInQueue(reading(change))).toEqual({ count, difference });
  });
});

describe('a reading on the terminal', () => {
  it('begins with the table that psql prints for the team’s own query', () => {
    const queue = { count: 1_385_500, bytes: 0, size: '146 GB' };
    expect(describeCoherence(reading({ queue }), judge(reading({ queue }), LIMITS)).slice(0, 6)).toEqual([
      '   source    | total_files | total_size',
      '-------------+-------------+------------',
      ' Storage     |     1383227 | 145 GB',
      ' files_queue |     1385500 | 146 GB',
      '(2 rows)',
      '',
    ]);
  });

  it('ends with the verdict, its reasons, and the command to type', () => {
    const broken = reading({ missing: 1_400, oldestPending: '2026-11-22T08:59:00Z' });
    expect(describeCoherence(broken, judge(broken, LIMITS)).slice(-5)).toEqual([
      'oldest pending row: 2026-11-22 08:59:00, 2 d 1 h 1 min ago',
      '',
      'Verdict: desynchronised',
      '  ! 1400 of 1383227 files have no row (0.1 %).',
      `Next: ${BACKFILL}`,
    ]);
  });
});
