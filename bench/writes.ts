/**
 * Measures what a pass over an unchanged corpus writes, and what Workers write when they take
 * files:
 *
 *   npm run bench:writes
 *   npm run bench:writes -- --documents 100000 --rows 20000 --json
 *
 * It only calls the database functions of the activities and the Workers. WAL, table growth and
 * updates do not depend on the machine; seconds do.
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
    /** Number of documents in the catalogue and of rows in the queue. */
    documents: { type: 'string', default: '1400000' },
    /** Rows that Workers take: once with claims, once by polling. */
    rows: { type: 'string', default: '300000' },
    json: { type: 'boolean', default: false },
  },
});
const documents = Number(values.documents);
const rows = Number(values.rows);
const BUCKET = 'legifrance';

/**
 * One checkpoint at the start of each measurement; the number of further ones would depend on its
 * duration. Autovacuum is off, because it would run in some measurements only.
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
