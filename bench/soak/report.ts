import { gridLines } from '../../src/cli/text/table.ts';
import type { Histories } from './histories.ts';
import { LEDGER, type Finding, type LedgerEntry } from './ledger.ts';
import type { PartCourse } from './series.ts';
import type { QuotaUse, Verdict } from './verdict.ts';

/** The result of a run; the output of `--json`. */
export interface SoakReport {
  readonly seed: number;
  readonly minutes: number;
  readonly clean: boolean;
  readonly problems: Verdict['problems'];
  readonly ledger: Readonly<Record<LedgerEntry, Finding>>;
  readonly quota: QuotaUse;
  /** What was done, and how often. */
  readonly load: Readonly<Record<string, number>>;
  /** Faults by port and kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly processes: readonly PartCourse[];
  readonly histories: readonly Histories[];
}

/** The report as text. */
export function reportLines(report: SoakReport): string[] {
  return [
    ...ledgerLines(report),
    '',
    ...processLines(report.processes),
    '',
    ...historyLines(report.histories),
    '',
    ...countLines('load', report.load),
    '',
    ...countLines('fault', report.faults),
    '',
    `Seed ${report.seed}, ${report.minutes} minutes: ${report.clean ? 'clean' : 'NOT CLEAN'}`,
    ...report.problems.map((problem) => `  ! ${problem}`),
  ];
}

function ledgerLines({ ledger, quota }: SoakReport): string[] {
  const entries = Object.entries(LEDGER) as [LedgerEntry, string][];
  return gridLines(
    [
      ['ledger', 'left'],
      ['found', 'right'],
      ['meaning', 'left'],
    ],
    [
      ...entries.map(([entry, meaning]) => [entry, ledger[entry].count, meaning]),
      ['busiest second', quota.maxInAnySecond, `requests; ${quota.limit} are allowed`],
    ],
  );
}

function processLines(processes: readonly PartCourse[]): string[] {
  return gridLines(
    [
      ['process', 'left'],
      ['lives', 'right'],
      ['longest, s', 'right'],
      ['MB: start', 'right'],
      ['end', 'right'],
      ['max', 'right'],
      ['MB/h', 'right'],
      ['handles: start', 'right'],
      ['end', 'right'],
      ['max', 'right'],
      ['handles/h', 'right'],
      ['threads: start', 'right'],
      ['end', 'right'],
      ['max', 'right'],
    ],
    processes.map(({ part, lives, seconds, residentMb, handles, threads }) => [
      part,
      lives,
      seconds,
      ...[residentMb.start, residentMb.end, residentMb.max, residentMb.perHour],
      ...[handles.start, handles.end, handles.max, handles.perHour],
      ...[threads.start, threads.end, threads.max],
    ]),
  );
}

function historyLines(histories: readonly Histories[]): string[] {
  return gridLines(
    [
      ['workflow', 'left'],
      ['runs', 'right'],
      ['largest: events', 'right'],
      ['bytes', 'right'],
      ['ends', 'left'],
    ],
    histories.map(({ workflow, runs, maxEvents, maxBytes, ends }) => [
      workflow,
      runs,
      maxEvents,
      maxBytes,
      Object.entries(ends)
        .map(([end, count]) => `${count} ${end.toLowerCase()}`)
        .join(', '),
    ]),
  );
}

function countLines(name: string, counts: Readonly<Record<string, number>>): string[] {
  return gridLines(
    [
      [name, 'left'],
      ['times', 'right'],
    ],
    Object.entries(counts),
  );
}
