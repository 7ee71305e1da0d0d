import { cpus } from 'node:os';
import type { MeasuredBackfill } from './backfillRuns.ts';
import { median, round, slopePercent, sum } from './figures.ts';
import type { MemoryOfWork } from './memory.ts';

/** The measurements. */
export interface BackfillMeasurements {
  readonly files: number;
  readonly chunk: number;
  readonly gaps: number;
  readonly plain: readonly number[];
  readonly whole: readonly MeasuredBackfill[];
  readonly antiJoin: readonly number[];
  readonly sparse: readonly MeasuredBackfill[];
  readonly questionSeconds: number;
  readonly longestStatementSeconds: number;
}

/** The output of `--json`. Times are in seconds; for several runs, those of the median run. */
export interface BackfillReport {
  readonly rows: number;
  readonly chunk: number;
  /**
   * Files without a row at the end of a run, as counted by the run or by the benchmark; the maximum
   * of all runs.
   */
  readonly missing: number;
  /** From the first to the last chunk, including the verification. */
  readonly seconds: number;
  readonly plainSeconds: number;
  /** Sum of the chunks divided by the plain statement. */
  readonly ratio: number;
  readonly verifySeconds: number;
  readonly chunkSeconds: readonly number[];
  /** Growth from one chunk of the first pass to the next, over all runs. */
  readonly slopePercent: number;
  /** The longest statement of all API calls. */
  readonly longestStatementSeconds: number;
  readonly sparse: {
    readonly gaps: number;
    readonly chunksSeconds: number;
    readonly plainSeconds: number;
    readonly ratio: number;
    readonly verifySeconds: number;
    /** Counting the missing files only. */
    readonly questionSeconds: number;
  };
  /** Memory of the worker in each run. */
  readonly workerRssMb: readonly MemoryOfWork[];
  /** All runs, in order. */
  readonly all: {
    readonly plainSeconds: readonly number[];
    readonly chunksSeconds: readonly number[];
    readonly sparsePlainSeconds: readonly number[];
    readonly sparseChunksSeconds: readonly number[];
  };
  readonly machine: string;
}

const ratioOf = (runs: readonly MeasuredBackfill[], plain: readonly number[]): number =>
  median(runs, (run) => run.chunksSeconds).chunksSeconds / median(plain, (seconds) => seconds);

export function reportOf(measured: BackfillMeasurements): BackfillReport {
  const { whole, sparse, plain, antiJoin } = measured;
  const run = median(whole, ({ chunksSeconds }) => chunksSeconds);
  const sparseRun = median(sparse, ({ chunksSeconds }) => chunksSeconds);
  const all = [...whole, ...sparse];
  return {
    rows: measured.files,
    chunk: measured.chunk,
    missing: Math.max(...all.map((one) => Math.max(one.missing, one.missingCounted))),
    seconds: round(run.seconds),
    plainSeconds: round(median(plain, (seconds) => seconds)),
    ratio: round(ratioOf(whole, plain)),
    verifySeconds: round(run.verifySeconds),
    chunkSeconds: run.chunkSeconds.map((seconds) => round(seconds)),
    slopePercent: round(slopePercent(meanOfEach(whole.map((one) => one.wholeChunkSeconds)))),
    longestStatementSeconds: round(measured.longestStatementSeconds),
    sparse: {
      gaps: measured.gaps,
      chunksSeconds: round(sparseRun.chunksSeconds),
      plainSeconds: round(median(antiJoin, (seconds) => seconds)),
      ratio: round(ratioOf(sparse, antiJoin)),
      verifySeconds: round(sparseRun.verifySeconds),
      questionSeconds: round(measured.questionSeconds),
    },
    workerRssMb: all.map(({ memory: { before, max, after } }) => ({
      before: round(before, 0),
      max: round(max, 0),
      after: round(after, 0),
    })),
    all: {
      plainSeconds: plain.map((seconds) => round(seconds)),
      chunksSeconds: whole.map(({ chunksSeconds }) => round(chunksSeconds)),
      sparsePlainSeconds: antiJoin.map((seconds) => round(seconds)),
      sparseChunksSeconds: sparse.map(({ chunksSeconds }) => round(chunksSeconds)),
    },
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}`,
  };
}

/** The mean of all first values, of all second values, and so on. */
function meanOfEach(lists: readonly (readonly number[])[]): number[] {
  return (lists[0] ?? []).map((_, index) => sum(lists.map((list) => list[index] ?? NaN)) / lists.length);
}

/**
 * Anything less is not growth: over 14 chunks it adds up to a quarter, the difference between two
 * single chunks.
 */
const FLAT_PERCENT = 2;
/**
 * Growth of the worker's memory over all runs. Garbage collection alone changes it by about as
 * much.
 */
const FLAT_MB = 60;

/** The report as text. */
export function reportLines(report: BackfillReport): string[] {
  const { sparse, workerRssMb } = report;
  const growthMb = (workerRssMb.at(-1)?.after ?? NaN) - (workerRssMb[0]?.after ?? NaN);
  const line = (what: string, figure: string, verdict = ''): string =>
    `${what.padEnd(34)}${figure.padEnd(40)}${verdict}`.trimEnd();
  const bound = (value: number, most: number, text: string): string =>
    `${text.padEnd(18)}${value <= most ? 'ok' : 'MISSED'}`;
  return [
    `${report.rows} files, chunks of ${report.chunk}; ${report.machine}`,
    '',
    line('missing at the end', `${report.missing}`, bound(report.missing, 0, '0')),
    line('plain statement', `${report.plainSeconds} s  (${report.all.plainSeconds.join(', ')})`),
    line('chunks in sum', `${round(sum(report.chunkSeconds))} s  (${report.all.chunksSeconds.join(', ')})`),
    line('  by the plain statement', `${report.ratio}`, bound(report.ratio, 1.15, '≤ 1.15')),
    line('verification', `${report.verifySeconds} s`),
    line('the whole run', `${report.seconds} s`),
    line(
      'a chunk grows by',
      `${report.slopePercent} % a chunk`,
      bound(report.slopePercent, FLAT_PERCENT, `≤ ${FLAT_PERCENT} %`),
    ),
    line(
      'longest statement',
      `${report.longestStatementSeconds} s`,
      bound(report.longestStatementSeconds, 8, '≤ 8 s'),
    ),
    line(
      'worker memory, run by run',
      workerRssMb.map(({ max }) => max).join(', ') + ' MB',
      bound(growthMb, FLAT_MB, `grows ≤ ${FLAT_MB} MB`),
    ),
    '',
    `${sparse.gaps} files missing`,
    '',
    line('plain anti-join', `${sparse.plainSeconds} s  (${report.all.sparsePlainSeconds.join(', ')})`),
    line('chunks in sum', `${sparse.chunksSeconds} s  (${report.all.sparseChunksSeconds.join(', ')})`),
    line('  by the plain anti-join', `${sparse.ratio}`, bound(sparse.ratio, 1.5, '≤ 1.5')),
    line('verification', `${sparse.verifySeconds} s`),
    line('counting what is missing, alone', `${sparse.questionSeconds} s`),
    '',
    `seconds of each chunk: ${report.chunkSeconds.join(' ')}`,
  ];
}
