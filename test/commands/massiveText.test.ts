import { describeHoldUp, describePace, describeProgress } from '../../src/commands/massive/control.ts';
import { localTime } from '../../src/cli/text/time.ts';
import { NO_TOTALS, type HoldUp, type MassiveProgress } from '../../src/contract/collecting.ts';
import { FAILURES } from '../../src/contract/failures.ts';

const COLLECTING: MassiveProgress = {
  collection: 'codes',
  state: 'collecting',
  controls: { paused: false, lanes: 4 },
  pass: 2,
  busy: 3,
  totals: { ...NO_TOTALS, uploaded: 90, unchanged: 5, queued: 88, requeued: 2, failedAttempts: 22 },
  rate: null,
  backlog: null,
  secondsLeft: null,
  runs: 1,
  pauseReason: '',
  holdUp: null,
};

const HOLD_UP: HoldUp = {
  code: 'QUOTA_SPENT',
  message: 'The quota of the hour is spent until 2026-11-27T12:00:00Z.',
  at: '2026-11-27T11:20:00.000Z',
  since: '2026-11-27T11:05:00.000Z',
  nextTry: '2026-11-27T11:35:00.000Z',
};

const REST = 'uploaded 90, unchanged 5, queued 88, requeued 2, failed attempts 22';

describe('the progress of a MASSIVE collection for people', () => {
  it('counts failed attempts, not documents that are failed now', () => {
    expect(describeProgress(COLLECTING)).toBe(`codes: collecting, pass 2, 3 of 4 lanes busy; ${REST}`);
    expect(describeHoldUp(COLLECTING)).toEqual([]);
  });

  it('says how fast it is and how long what is due takes, or at least takes', () => {
    const pace = { rate: 12.34, backlog: { due: 1_000, openSlices: 0 }, secondsLeft: 81 };
    expect(describePace(COLLECTING)).toEqual([]);
    expect(describePace({ ...COLLECTING, ...pace })).toEqual([
      '  12.3 documents per second, due 1000: 2 min left',
    ]);
    expect(describePace({ ...COLLECTING, ...pace, backlog: { due: 1_000, openSlices: 3 } })).toEqual([
      '  12.3 documents per second, due 1000, 3 slices still to list: at least 2 min left',
    ]);
    expect(describePace({ ...COLLECTING, ...pace, backlog: { due: 10_000, openSlices: 0 } })).toEqual([
      '  12.3 documents per second, due 10000 or more: at least 2 min left',
    ]);
    expect(describePace({ ...COLLECTING, backlog: { due: 0, openSlices: 0 } })).toEqual(['  due 0']);
  });

  it('says why it is paused, and whether batches are still in progress', () => {
    const paused = { ...COLLECTING, controls: { paused: true, lanes: 4 }, pauseReason: 'an upgrade' };
    expect(describeProgress({ ...paused, state: 'pausing', busy: 2 })).toBe(
      `codes: pausing (an upgrade), pass 2, 2 of 4 lanes busy; ${REST}`,
    );
    expect(describeProgress({ ...paused, state: 'paused', busy: 0 })).toBe(
      `codes: paused (an upgrade), pass 2, 0 of 4 lanes busy; ${REST}`,
    );
  });

  it.each([
    ['quota', 'QUOTA_SPENT'],
    ['failing', 'STORAGE_REFUSED'],
  ] as const)(
    'in state %s says what holds it up, since when, when it tries again, and what to do',
    (state, code) => {
      const holdUp = { ...HOLD_UP, code };
      const progress = { ...COLLECTING, state, busy: 0, holdUp };
      expect(describeProgress(progress)).toBe(`codes: ${state}, pass 2, 0 of 4 lanes busy; ${REST}`);
      expect(describeHoldUp(progress)).toEqual([
        `  held up since ${localTime(HOLD_UP.since)}, next try ${localTime(HOLD_UP.nextTry)}: ${code}: ${HOLD_UP.message}`,
        `  Next: ${FAILURES[code].remedy} To try now: legisync massive resume codes`,
      ]);
    },
  );

  it('names the log if the code of the failure is that of another version', () => {
    const holdUp = { ...HOLD_UP, code: 'NEWER_CODE' };
    expect(describeHoldUp({ ...COLLECTING, state: 'failing', holdUp })).toContain(
      '  Next: See the log of the worker. To try now: legisync massive resume codes',
    );
  });
});
