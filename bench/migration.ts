/**
 * Migrates a pre-existing files_queue while sessions read and write it. Prints how long they
 * waited, how long each lock was held, and whether all rows are unchanged.
 *
 *   npm run bench:migration -- --rows 1400000
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { bootstrapSupabase, databaseUrl } from '../local/postgres/bootstrap.ts';
import { removeDataDir } from '../local/postgres/dataDir.ts';
import { startPostgres } from '../local/postgres/server.ts';
import { migrate } from '../src/migrations/migrate.ts';
import { preflight } from '../src/migrations/preflight/preflight.ts';
import { QUEUE_SETTINGS } from './support/database.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1400000' },
    // Share of pending rows; the others are finished. If Workers keep up, few are pending.
    pending: { type: 'string', default: '20' },
  },
});
const rows = Number(values.rows);
const pendingPercent = Number(values.pending);

/** Rows that the sessions change. All others must stay unchanged. */
const LIVE_ROWS = 50_000;

/** Shorter than a Worker would notice. A sample takes the server less than a millisecond. */
const SAMPLE_MS = 5;

/** The lock modes that block readers or writers. */
const HARSH = ['AccessExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock'];

/** The statements of a polling Worker. */
const READ = `select status from public.files_queue where file_path = 'legifrance/codes/LEGIARTI' || lpad((${LIVE_ROWS} + 1)::text, 12, '0') || '.json'`;
const WORK = `
  with next as (
    select id from public.files_queue where file_path like 'live/%' and not processed
    order by id limit 1 for update skip locked)
  update public.files_queue f set status = 'processed', processed = true from next where f.id = next.id`;

const folder = await mkdtemp(join(tmpdir(), 'legisync-bench-'));
const dataDir = join(folder, 'postgres');
// The memory of a small hosted project.
const server = await startPostgres({ dataDir, flags: { shared_buffers: '1GB', max_wal_size: '4GB' } });
try {
  const url = databaseUrl(server.url, 'postgres');
  await bootstrapSupabase(url);
  const asPostgres = new URL(url);
  asPostgres.username = 'postgres';
  const admin = await connect(url);
  await fill(await connect(asPostgres.href));
  const before = await fingerprint(admin);

  const ended = new AbortController();
  const sessions = [
    poll(await connect(asPostgres.href), READ, ended.signal),
    poll(await connect(asPostgres.href), WORK, ended.signal),
  ];
  const locks = watchLocks(await connect(url), ended.signal);
  const checkBegan = performance.now();
  await preflight(asPostgres.href, QUEUE_SETTINGS);
  const checkMs = performance.now() - checkBegan;
  const began = performance.now();
  const { applied } = await migrate(asPostgres.href, QUEUE_SETTINGS);
  const migrateMs = performance.now() - began;
  ended.abort();
  const [reader, writer] = await Promise.all(sessions);

  const after = await fingerprint(admin);
  console.log(
    JSON.stringify({
      rows,
      pendingPercent,
      checkMs: Math.round(checkMs),
      migrateMs: Math.round(migrateMs),
      migrations: applied.length,
      longestHeldMs: await locks,
      reader,
      writer,
      kept: JSON.stringify(after) === JSON.stringify(before),
    }),
  );
} finally {
  await server.stop();
  await removeDataDir(dataDir);
  await rm(folder, { recursive: true, force: true });
}

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString, statement_timeout: 600_000 });
  // Stopping the server ends all sessions.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** A typical table: an identity column, a unique path, and the rows of a year. */
async function fill(client: Client): Promise<void> {
  await client.query(`
    create table public.files_queue (
      id bigint generated always as identity primary key, file_path text not null unique, bucket_id text not null,
      file_size bigint, status text not null default 'pending', processed boolean not null default false,
      created_at timestamptz not null default now())`);
  await client.query(
    `insert into public.files_queue (file_path, bucket_id, file_size, status, processed, created_at)
     select case when n <= $2 then 'live/' else 'legifrance/codes/' end || 'LEGIARTI' || lpad(n::text, 12, '0') || '.json',
            'agentbasic-legifrance-raw', 95000 + n % 20000,
            case when n <= $2 or n % 100 < $3 then 'pending' else 'processed' end, n > $2 and n % 100 >= $3,
            now() - interval '1 year' + n * interval '20 seconds'
     from generate_series(1, $1::bigint) n`,
    [rows + LIVE_ROWS, LIVE_ROWS, pendingPercent],
  );
  await client.query('vacuum analyze public.files_queue');
}

/** A fingerprint of the rows that no session changes: of their columns, position and version. */
async function fingerprint(client: Client): Promise<unknown> {
  const result = await client.query(
    `select count(*) as rows, pg_relation_filenode('public.files_queue') as file,
            bit_xor(hashtextextended(concat_ws('|', ctid, xmin, id, file_path, bucket_id, file_size, status, processed, created_at), 0)) as hash
       from public.files_queue where file_path not like 'live/%'`,
  );
  return result.rows[0];
}

interface Waits {
  readonly statements: number;
  readonly medianMs: number;
  readonly longestMs: number;
}

/** Repeats a statement until `ended`. */
async function poll(client: Client, statement: string, ended: AbortSignal): Promise<Waits> {
  const times: number[] = [];
  while (!ended.aborted) {
    const began = performance.now();
    await client.query(statement);
    times.push(performance.now() - began);
  }
  await client.end();
  times.sort((a, b) => a - b);
  return {
    statements: times.length,
    medianMs: round(times[Math.floor(times.length / 2)] ?? NaN),
    longestMs: round(times.at(-1) ?? NaN),
  };
}

/**
 * For each blocking mode, the longest time in which all samples saw it granted to the same
 * transaction.
 */
async function watchLocks(client: Client, ended: AbortSignal): Promise<Record<string, number>> {
  const longest: Record<string, number> = {};
  const since = new Map<string, number>();
  while (!ended.aborted) {
    const seen = await client.query<{ mode: string; holder: string }>(
      `select mode, virtualtransaction as holder from pg_locks
       where relation = 'public.files_queue'::regclass and granted and mode = any ($1)`,
      [HARSH],
    );
    const now = performance.now();
    const keys = new Set(seen.rows.map(({ mode, holder }) => `${mode} ${holder}`));
    for (const key of since.keys()) if (!keys.has(key)) since.delete(key);
    for (const key of keys) {
      const began = since.get(key) ?? now;
      since.set(key, began);
      const [mode = ''] = key.split(' ');
      // A lock seen by one sample was held for up to the time until the next one.
      longest[mode] = Math.round(Math.max(longest[mode] ?? 0, now - began + SAMPLE_MS));
    }
    await pause(SAMPLE_MS);
  }
  await client.end();
  return longest;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
