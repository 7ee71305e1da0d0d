/**
 * Checks whether this checkout is slower than another commit:
 *
 *   npm run bench:compare <commit>
 *   npm run bench:compare <commit> -- --bench backfill,collect --rounds 5
 *   npm run bench:compare <commit> -- --bench backfill --backfill-args="--runs 1 --rows 100000"
 *
 * A is the commit, checked out in a temporary folder. B is this checkout, with its uncommitted
 * changes. Each runs its own benchmarks, with the same options and the same Node, one at a time, in
 * the order A B A B A B. B is worse if the ratio of the medians is more than 1.05 and more than the
 * spread of A (its slowest run divided by its fastest).
 *
 * The exit code is 1 if something is worse. Takes about 35 minutes on two cores.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareShutdown } from '../local/launcher/shutdown.ts';
import { BENCHES, benchNamed, type Bench } from './compare/benches.ts';
import { benchRunner } from './compare/child.ts';
import { compareRuns, comparisonLines, type Compared } from './compare/comparison.ts';
import { checkOut } from './compare/worktree.ts';

const CHECKOUT = join(import.meta.dirname, '..');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    bench: { type: 'string', default: Object.keys(BENCHES).join(',') },
    /** Runs of each side. */
    rounds: { type: 'string', default: '3' },
    'backfill-args': { type: 'string' },
    'coherence-args': { type: 'string' },
    'collect-args': { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const [commit] = positionals;
if (commit === undefined) throw new Error('Which commit? npm run bench:compare <commit>');
const rounds = Number(values.rounds);
const benches = values.bench.split(',').map(benchNamed);
const argsOf = ({ name, report, args }: Bench): readonly string[] => [
  ...report,
  ...(values[`${name}-args`]?.split(/\s+/).filter(Boolean) ?? args),
];

const log = (line: string): void => console.error(line);

/** A benchmark stops PostgreSQL, which may have to write a checkpoint of 1 GB. */
const SHUTDOWN_MS = 120_000;

const shutdown = prepareShutdown({ log, totalMs: SHUTDOWN_MS });
try {
  const other = await checkOut(CHECKOUT, commit, shutdown);
  const run = benchRunner(shutdown);
  const compared: Compared[] = [];
  for (const bench of benches) {
    const runs = { a: [] as unknown[], b: [] as unknown[] };
    for (let round = 1; round <= rounds; round += 1) {
      for (const [side, folder] of [['a', other] as const, ['b', CHECKOUT] as const]) {
        runs[side].push(await run(folder, bench, argsOf(bench)));
        log(`${bench.name} ${side.toUpperCase()} ${round} of ${rounds}`);
      }
    }
    compared.push(...compareRuns(bench, runs.a, runs.b));
  }
  console.log(values.json ? JSON.stringify(compared) : comparisonLines(compared).join('\n'));
  if (compared.some(({ worse }) => worse)) process.exitCode = 1;
} catch (error) {
  // After Ctrl-C, errors of the stopped processes are expected.
  if (!shutdown.signal.aborted) throw error;
  process.exitCode = 130;
} finally {
  await shutdown.begin('done');
  shutdown.dispose();
}
