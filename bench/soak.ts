/**
 * Runs the whole local stack for some minutes under load and random faults: MASSIVE, MAINTENANCE,
 * backfills, coherence checks, and Workers that claim files. At the end, a ledger says whether
 * anything was lost, doubled or left behind; tables show the memory and handles of each process, and
 * the sizes of histories.
 *
 *   npm run soak -- --minutes 10
 *   npm run soak -- --minutes 10 --seed 7 --json
 *
 * The exit code is 0 if the ledger is clean, else 1. It is 130 after Ctrl-C.
 */
import { asError } from '../local/launcher/errors.ts';
import { prepareShutdown } from '../local/launcher/shutdown.ts';
import { parseSoakArgs } from './soak/options.ts';
import { reportLines } from './soak/report.ts';
import { soak } from './soak/run.ts';
import { STOP_MS } from './soak/stack.ts';

const options = parseSoakArgs(process.argv.slice(2));
const began = performance.now();
const log = (line: string): void =>
  console.error(`${String(Math.round((performance.now() - began) / 1_000)).padStart(5)} s  ${line}`);

// Besides the launcher's own time: what it leaves, and the folder.
const shutdown = prepareShutdown({ log, totalMs: STOP_MS * 2 });
log(`To repeat the faults of this run: npm run soak -- --minutes ${options.minutes} --seed ${options.seed}`);
try {
  const report = await soak(options, shutdown, log);
  console.log(options.json ? JSON.stringify(report) : reportLines(report).join('\n'));
  process.exitCode = report.clean ? 0 : 1;
} catch (error) {
  // After Ctrl-C, errors of the stopped processes are expected.
  if (!shutdown.signal.aborted) log(`the run failed: ${asError(error).stack ?? ''}`);
  process.exitCode = shutdown.signal.aborted ? 130 : 1;
} finally {
  await shutdown.begin('done');
  shutdown.dispose();
}
