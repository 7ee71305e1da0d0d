/**
 * Measures how time and buffers of every hot function of the database grow with the tables: with
 * 140,000, 1,400,000 and 5,600,000 documents, objects and rows of the queue.
 *
 *   npm run bench:growth
 *   npm run bench:growth -- --rows 140000 --json
 *   npm run bench:growth -- --rows 1400000 --only claim
 *
 * For each function, the median of five calls after an uncounted first one, each in a transaction
 * that is rolled back. It takes three minutes with 1,400,000 rows, and ten minutes and 20 GB of
 * disk with 5,600,000.
 */
import { parseArgs } from 'node:util';
import { withBenchDatabase } from './support/database.ts';
import { timed } from './support/figures.ts';
import { growthLines, type GrowthColumn } from './growth/report.ts';
import { GROWTH_GROUPS } from './growth/cases.ts';
import { measureCase } from './growth/calls.ts';
import { fillGrowth } from './growth/data.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '140000,1400000,5600000' },
    /** Measure only functions whose line contains this text. */
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});

const POSTGRES = {
  shared_buffers: '1GB',
  max_wal_size: '16GB',
  checkpoint_timeout: '30min',
  autovacuum: 'off',
};
const log = (line: string): void => console.error(line);

const columns: GrowthColumn[] = [];
for (const rows of values.rows.split(',').map(Number)) {
  await withBenchDatabase({ postgres: POSTGRES, log }, ({ withSession }) =>
    withSession(async (client) => {
      const filled = await timed(() => fillGrowth(client, rows));
      log(`${rows} rows made in ${filled.seconds.toFixed(0)} s`);
      const column: GrowthColumn = { rows, cases: {} };
      for (const { prepare, cases } of GROWTH_GROUPS) {
        const wanted = cases.filter(({ name }) => name.includes(values.only));
        if (wanted.length === 0) continue;
        for (const statement of prepare) await client.query(statement);
        for (const one of wanted) {
          const figures = await measureCase(client, one);
          log(`${one.name}: ${figures.ms} ms, ${figures.buffers} buffers`);
          column.cases[one.name] = figures;
        }
      }
      columns.push(column);
    }),
  );
  if (process.exitCode === 130) break;
}
console.log(values.json ? JSON.stringify(columns) : growthLines(columns).join('\n'));
