/**
 * Compares the speed of a backfill of 1,400,000 files with the plain statement that it replaces:
 *
 *   npm run bench:backfill
 *   npm run bench:backfill -- --json
 *
 * First into an empty queue, compared with `insert … select` into an identical table. Then with one
 * file in a thousand missing, compared with the plain anti-join. Three runs of each, in the order A
 * B, B A, A B, with a CHECKPOINT before each; the medians are compared. The backfill is a real one:
 * command, workflow, worker and API, each in its own process.
 *
 * Times depend on the machine, so a missed bound is only shown (MISSED). The exit code is 1 if a
 * file is missing from the queue at the end of a run.
 */
import { parseArgs } from 'node:util';
import { reportLines, reportOf, type BackfillReport } from './support/backfillReport.ts';
import {
  measureAntiJoin,
  measureGaps,
  measurePlain,
  measureQuestion,
  measureWhole,
  prepareGaps,
  type MeasuredBackfill,
} from './support/backfillRuns.ts';
import { alternate, timed } from './support/figures.ts';
import { fillBucket } from './support/objects.ts';
import { openRig, type Rig } from './support/rig.ts';
import { longestOfGateway, STATEMENT_LOG } from './support/statementLog.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1400000' },
    chunk: { type: 'string', default: '100000' },
    /** Runs of each kind. */
    runs: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const files = Number(values.rows);
const chunk = Number(values.chunk);
const runs = Number(values.runs);
/** 1,400 of 1.4 million. */
const gaps = Math.ceil(files / 1_000);

const log = (line: string): void => console.error(line);

/**
 * For a server with 4 GB of memory. Autovacuum is off, because it would run in some measurements
 * only.
 */
const POSTGRES = { shared_buffers: '1GB', max_wal_size: '4GB', autovacuum: 'off', ...STATEMENT_LOG };

const rig = await openRig({ postgres: POSTGRES, log });
try {
  const report = await measure(rig);
  console.log(values.json ? JSON.stringify(report) : reportLines(report).join('\n'));
  if (report.missing > 0) process.exitCode = 1;
} catch (error) {
  // After Ctrl-C, errors of the stopped processes are expected.
  if (!rig.signal.aborted) throw error;
  process.exitCode = 130;
} finally {
  await rig.close();
}

async function measure(rig: Rig): Promise<BackfillReport> {
  return rig.withSession(async (client) => {
    const filled = await timed(() => fillBucket(client, rig.bucket, files));
    log(`${files} files made in ${filled.seconds.toFixed(0)} s`);

    const plain: number[] = [];
    const whole: MeasuredBackfill[] = [];
    await alternate(
      runs,
      async () => note('plain statement', plain, await measurePlain(client, rig.bucket), (s) => s),
      async () => note('backfill', whole, await measureWhole(rig, client, chunk), (r) => r.chunksSeconds),
    );

    await prepareGaps(client, gaps);
    const antiJoin: number[] = [];
    const sparse: MeasuredBackfill[] = [];
    await alternate(
      runs,
      async () => note('plain anti-join', antiJoin, await measureAntiJoin(client, rig.bucket), (s) => s),
      async () =>
        note('gaps backfill', sparse, await measureGaps(rig, client, chunk), (r) => r.chunksSeconds),
    );
    const questionSeconds = await measureQuestion(client, rig.bucket);
    const longestStatementSeconds = await longestOfGateway(rig.postgresLog);
    return reportOf({
      files,
      chunk,
      gaps,
      plain,
      whole,
      antiJoin,
      sparse,
      questionSeconds,
      longestStatementSeconds,
    });
  });
}

function note<T>(what: string, list: T[], value: T, seconds: (value: T) => number): void {
  list.push(value);
  log(`${what} ${list.length} of ${runs}: ${seconds(value).toFixed(2)} s`);
}
