import { OPTION_A } from '../support/optionA.ts';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, type QueryResult } from 'pg';
import { bootstrapSupabase, databaseUrl } from '../../local/postgres/bootstrap.ts';
import { removeDataDir } from '../../local/postgres/dataDir.ts';
import { startPostgres, type RunningPostgres } from '../../local/postgres/server.ts';
import { migrate } from '../../src/migrations/migrate.ts';
import { openFolder } from '../local/postgresFolder.ts';
import { PLAIN } from '../support/buckets.ts';
import { STATUS_VALUES } from '../support/servers.ts';
import { asPostgres } from '../support/sessions.ts';

/**
 * The reason for legisync's backfill. `limit … offset …` without `order by` guarantees nothing
 * about the rows that it skips. PostgreSQL begins the scan of a table larger than a quarter of
 * `shared_buffers` at the page where the last scan was. So chunks overlap, and leave rows out. With
 * the buffers of a production server this takes a million rows. With 1 MB, the smallest value that
 * works, 14,000 are enough.
 */
const FILES = 14_000;
const CHUNK = 1_000;
const BUCKET = 'agentbasic-legifrance-raw';

let folder: string;
let postgres: RunningPostgres;

beforeAll(async () => {
  folder = await openFolder();
  postgres = await startPostgres({
    dataDir: join(folder, 'postgres'),
    flags: { shared_buffers: '1MB', fsync: 'off' },
  });
});
afterAll(async () => {
  await postgres.stop();
  await removeDataDir(join(folder, 'postgres'));
  await rm(folder, { recursive: true, force: true });
});

/**
 * Runs `use` on a new database with 14,000 files. `options` may set another collation than the
 * cluster's.
 */
async function withFiles<T>(name: string, options: string, use: (client: Client) => Promise<T>): Promise<T> {
  await withClient(postgres.url, (admin) =>
    admin.query(`create database ${name} template template0 ${options}`),
  );
  const url = databaseUrl(postgres.url, name);
  await bootstrapSupabase(url);
  await migrate(asPostgres(url), STATUS_VALUES);
  return withClient(url, async (client) => {
    await client.query('insert into storage.buckets (id, name) values ($1, $1)', [BUCKET]);
    await client.query(
      `insert into storage.objects (bucket_id, name, metadata)
         select $1, 'legifrance/codes/LEGIARTI' || lpad(i::text, 12, '0') || '.json', jsonb_build_object('size', 1000 + i)
           from generate_series(1, $2::int) i`,
      [BUCKET, FILES],
    );
    // As autovacuum does. Without statistics the planner uses the index, and no row is lost.
    await client.query('vacuum analyze storage.objects');
    return use(client);
  });
}

async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function queued(client: Client): Promise<number> {
  const { rows } = await client.query<{ rows: number }>(
    'select count(distinct file_path)::int as rows from public.files_queue',
  );
  return rows[0]?.rows ?? 0;
}

/** The team's own script, as its comment describes it: OFFSET 0, then one chunk more each time. */
async function theirScript(client: Client): Promise<number> {
  for (let offset = 0; offset < FILES; offset += CHUNK) {
    const statement = OPTION_A.replace('LIMIT 100000 OFFSET 0', `LIMIT ${CHUNK} OFFSET ${offset}`);
    expect(statement).toContain(`LIMIT ${CHUNK} OFFSET ${offset} `);
    await client.query(statement);
  }
  return queued(client);
}

interface Position {
  readonly phase: string;
  readonly position: string;
}

/** The backfill's statements, in chunks of the same size. */
async function ourBackfill(client: Client): Promise<number> {
  const { rows } = await client.query<{ id: string }>(
    `select legisync_open_backfill($1, 'test', 'new', $2::jsonb) #>> '{run,id}' as id`,
    [BUCKET, JSON.stringify(PLAIN)],
  );
  let at: Position | undefined = { phase: 'queue', position: '' };
  while (at?.phase === 'queue') {
    const chunk: QueryResult<Position> = await client.query<Position>(
      `select c #>> '{run,phase}' as phase, c #>> '{run,position}' as position
         from public.legisync_backfill_chunk($1, $2, $3, $4) c`,
      [rows[0]?.id, at.phase, at.position, CHUNK],
    );
    at = chunk.rows[0];
  }
  return queued(client);
}

describe('14,000 files in a database with 1 MB of buffers', () => {
  it.each([
    ['an ICU locale', 'icu', `locale_provider icu icu_locale 'fr-FR' locale 'C'`],
    ['the locale C', 'libc', `locale_provider libc locale 'C'`],
  ])(
    'in chunks of 1,000 with LIMIT and OFFSET lose thousands, and with the backfill none (%s)',
    async (_locale, name, options) => {
      await withFiles(`lost_rows_${name}`, options, async (client) => {
        const theirs = await theirScript(client);
        // The number depends only on the width of the rows: 9,968 of 14,000 here, each time; 9,656
        // with narrower ones.
        expect(theirs).toBeGreaterThan(9_000);
        expect(theirs).toBeLessThan(11_000);
        await client.query(`begin; set local legisync.allow_emptying = 'files_queue';
          truncate public.files_queue; commit`);
        expect(await ourBackfill(client)).toBe(FILES);
      });
    },
  );
});
