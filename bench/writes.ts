/**
 * What a pass over an unchanged corpus writes, and what Workers write who take files from the queue:
 *
 *   npm run bench:writes
 *   npm run bench:writes -- --documents 100000 --rows 20000 --json
 *
 * Only the database is asked, by the functions that the activities and the Workers call: WAL, growth
 * of the tables and updates do not depend on the machine. Seconds do.
 */
import { parseArgs } from 'node:util';
import type { Client } from 'pg';
import { withBenchDatabase, type BenchDatabase } from './support/database.ts';
import { timed } from './support/figures.ts';
import { fillBucket } from './support/objects.ts';
import { measurePass } from './writes/pass.ts';
import { CLAIMING, fillQueue, measureWorkers, POLLING } from './writes/workers.ts';

const { values } = parseArgs({
  options: {
    /** In the catalogue and in the queue. */
    documents: { type: 'string', default: '1400000' },
    /** Of the queue, taken by Workers that claim; and again by Workers that poll. */
    rows: { type: 'string', default: '300000' },
    json: { type: 'boolean', default: false },
  },
});
const documents = Number(values.documents);
const rows = Number(values.rows);
const BUCKET = 'legifrance';

/**
 * One checkpoint, at the beginning of each measurement: how many more there were would depend on the
 * time it takes. Autovacuum would come into one measurement and not into another.
 */
const POSTGRES = {
  shared_buffers: '1GB',
  max_wal_size: '16GB',
  checkpoint_timeout: '1h',
  autovacuum: 'off',
};

const log = (line: string): void => console.error(line);

await withBenchDatabase({ postgres: POSTGRES, log }, async (database) => {
  const report = await database.withSession((client) => measure(database, client));
  console.log(values.json ? JSON.stringify(report) : JSON.stringify(report, null, 2));
});

async function measure(database: BenchDatabase, client: Client) {
  const filled = await timed(() => fillBucket(client, BUCKET, documents, 1));
  log(`${documents} objects made in ${filled.seconds.toFixed(0)} s`);
  const pass = await measurePass(client, BUCKET, documents);
  log(`pass: ${pass.walMb} MB of WAL, ${pass.seconds} s`);
  await fillQueue(client, BUCKET);
  const claimed = await measureWorkers(database, client, rows, CLAIMING);
  log(`claimed: ${claimed.walMb} MB of WAL, ${claimed.seconds} s`);
  await fillQueue(client, BUCKET);
  const polled = await measureWorkers(database, client, rows, POLLING);
  log(`polled: ${polled.walMb} MB of WAL, ${polled.seconds} s`);
  return { documents, rows, pass, claimed, polled };
}
