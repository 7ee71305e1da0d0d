import { screenOf } from '../../src/cli/text/screen.ts';
import { localTime } from '../../src/cli/text/time.ts';
import {
  collectionTable,
  scheduleRemedies,
  scheduleTable,
  workerTable,
} from '../../src/commands/setup/statusTables.ts';
import type { CollectionStatus } from '../../src/commands/massive/status.ts';
import { EXIT, type ExitCode } from '../../src/cli/exit.ts';
import { LANES } from '../../src/contract/limits.ts';
import type { CollectionState } from '../../src/contract/names.ts';
import { NO_TOTALS } from '../../src/contract/collecting.ts';

const SERVER = { address: 'temporal:7233', namespace: 'default' };
const NO_PROBLEMS = { failing: [], catalogue: { value: null, problem: null }, otherBuild: null };

function collecting(collection: string, state: CollectionState, count: number) {
  const totals = { ...NO_TOTALS, uploaded: count, unchanged: count, queued: count, requeued: 0 };
  const controls = { paused: false, lanes: LANES.max };
  const value = { collection, state, controls, pass: 9_999, busy: LANES.max, totals, runs: 1 };
  const pace = { rate: null, backlog: null, secondsLeft: null };
  return {
    ...{ collection, ...NO_PROBLEMS },
    progress: { value: { ...value, ...pace, pauseReason: '', holdUp: null }, problem: null },
  } satisfies CollectionStatus;
}

function without(collection: string, exitCode: ExitCode): CollectionStatus {
  const problem = { exitCode, code: 'CODE', message: '', next: '' };
  return { collection, ...NO_PROBLEMS, progress: { value: null, problem } };
}

const LONGEST_STATES = ['collecting', 'stopping'] as const satisfies readonly CollectionState[];

const NOW = Date.parse('2026-11-27T12:05:30Z');
const UNKNOWN = { host: null, pid: null, buildId: null, startedAt: null };

describe('the tables of `legisync status`', () => {
  it('show workers, as far as they are known', () => {
    const known = { host: 'b', pid: 7, startedAt: '2026-11-27T12:00:00.000Z' };
    const workers = [
      {
        identity: 'legisync-7@b',
        ...known,
        buildId: '0123456789abcdef',
        secondsSilent: 3,
      },
      { identity: 'legisync-8@b', ...UNKNOWN, secondsSilent: 70 },
    ];
    expect(workerTable(workers, NOW)).toEqual([
      '    worker    |      build       |  up   | last sign',
      '--------------+------------------+-------+-----------',
      ' legisync-7@b | 0123456789abcdef | 5 min |   3 s ago',
      ' legisync-8@b |                  |       |  70 s ago',
    ]);
  });

  it('show what a collection has done, or that there is no answer', () => {
    const rows = [
      collecting('codes', 'collecting', 4_340),
      without('stopped', EXIT.notRunning),
      without('stuck', EXIT.refused),
    ];
    expect(collectionTable(rows)).toEqual([
      ' collection |    state    | pass | lanes | uploaded | unchanged | queued',
      '------------+-------------+------+-------+----------+-----------+--------',
      ' codes      | collecting  | 9999 | 16/16 |     4340 |      4340 |   4340',
      ' stopped    | not running |      |       |          |           |',
      ' stuck      | no answer   |      |       |          |           |',
    ]);
  });

  it('show when a schedule runs next', () => {
    const nextRun = '2026-11-27T14:00:00.000Z';
    const schedules = [
      { id: 'maintenance:a', state: 'active', paused: false, nextRun },
      { id: 'maintenance:b', state: 'differs', paused: true, nextRun: null },
    ] as const;
    expect(scheduleTable(schedules).slice(2)).toEqual([
      ` maintenance:a | active          | ${localTime(nextRun)}`,
      ' maintenance:b | differs, paused |',
    ]);
    expect(scheduleRemedies(SERVER, schedules)).toEqual([
      'Next: legisync schedules apply',
      'Paused by an operator. Next: temporal schedule toggle --schedule-id maintenance:b --unpause --address temporal:7233',
    ]);
    expect(scheduleRemedies(SERVER, schedules.slice(0, 1))).toEqual([]);
  });

  it('fit 80 columns with the longest names and states, and the whole corpus eight times', () => {
    const name = 'x'.repeat(63);
    const tables = [
      workerTable(
        [
          {
            ...UNKNOWN,
            identity: name,
            buildId: name,
            startedAt: '2026-01-01T00:00:00Z',
            secondsSilent: 119,
          },
        ],
        NOW,
      ),
      collectionTable([
        without(name, EXIT.notRunning),
        ...LONGEST_STATES.map((state) => collecting(name, state, 11_200_000)),
      ]),
      scheduleTable([
        { id: name, state: 'not declared', paused: true, nextRun: null },
        { id: name, state: 'active', paused: false, nextRun: '2026-11-27T14:00:00.000Z' },
      ]),
    ];
    const widths = tables.flat().map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(80);
  });
});

describe('a screen', () => {
  const ESCAPE = '\u001b[';

  it('is replaced line by line, and erased below', () => {
    expect(screenOf(['a', ''], { columns: 80, rows: 24 })).toBe(
      `${ESCAPE}Ha${ESCAPE}K\n${ESCAPE}K\n${ESCAPE}J`,
    );
  });

  it('never scrolls: wrapped lines count, and what does not fit is left out', () => {
    const shown = screenOf(['a'.repeat(20), 'b', 'c', 'd'], { columns: 10, rows: 4 });
    expect(shown).toContain('b');
    expect(shown).not.toContain('c');
  });
});
