import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Source } from '../../src/contract/collections.ts';
import { migrate } from '../../src/migrations/migrate.ts';
import { preflight } from '../../src/migrations/preflight/preflight.ts';
import { articleIds, endInterval, withCollection, runLane } from '../activities/support.ts';
import { at } from '../support/buckets.ts';
import { definitions } from '../support/definitions.ts';
import { LegacyWorkers } from '../support/legacyWorkers.ts';
import { STATUS_VALUES } from '../support/servers.ts';
import { asPostgres, withSession } from '../support/sessions.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import { BUCKET } from '../support/supabase.ts';
import { eventually } from '../support/workers.ts';

const CODE = 'LEGITEXT000000000941';
const FILES = 1_500;
/** Every third file is pending when the rehearsal begins. */
const PENDING = FILES / 3;
const WORKERS = 3;

const SOURCES: Source[] = [{ kind: 'codes', name: 'codes', codes: [CODE] }];
const PATHS = articleIds(CODE, 1, FILES).map((id) => `legifrance/old/${id}.json`);

/**
 * The table before legisync, created by the project's role. The service role has all rights on it.
 */
const TABLES: readonly (readonly [string, string])[] = [
  [
    'an identity and text',
    `create table files_queue (
       id bigint generated always as identity primary key, file_path text not null unique, bucket_id text not null,
       file_size bigint, status text not null default 'pending', processed boolean not null default false,
       created_at timestamptz not null default now())`,
  ],
  [
    'a uuid and an enum',
    `create type queue_status as enum ('pending', 'processing', 'processed', 'failed');
     create table files_queue (
       id uuid primary key default gen_random_uuid(), file_path text not null unique, bucket_id text not null,
       file_size bigint, status queue_status not null default 'pending', processed boolean not null default false,
       created_at timestamptz not null default now())`,
  ],
];

let stack: TestStack;
let url: string;

beforeEach(async () => {
  stack = await openStack({
    bare: true,
    legifrance: { codes: [], syntheticCodes: [{ id: CODE, title: 'Code ancien', articles: FILES }] },
  });
  url = asPostgres(stack.databaseUrl);
});
afterEach(() => stack.close());

/**
 * The bucket and the queue, as an earlier collector left them: no hashes, some rows done, some not.
 */
async function asBefore(ddl: string): Promise<void> {
  await withSession(url, ({ client }) => client.query(`${ddl}; grant all on files_queue to service_role`));
  await stack.sql(
    `insert into storage.objects (bucket_id, name, metadata, created_at, updated_at)
       select $1, name, '{"size": 100, "mimetype": "application/json"}', now() - interval '1 year', now() - interval '1 year'
       from unnest($2::text[]) name`,
    [BUCKET, PATHS],
  );
  await withSession(url, ({ client }) =>
    client.query(
      `insert into files_queue (file_path, bucket_id, file_size, status, processed, created_at)
         select name, $1, 100, case when n % 3 = 0 then 'pending' else 'processed' end::${ddl.includes('queue_status') ? 'queue_status' : 'text'},
                n % 3 <> 0, now() - interval '1 year' + n * interval '1 s'
         from unnest($2::text[]) with ordinality as f (name, n)`,
      [BUCKET, PATHS],
    ),
  );
}

/** A checksum of the finished rows, which no Worker may change: all values, place and version. */
async function finishedRows(): Promise<unknown> {
  const [row] = await stack.sql(
    `select count(*)::int as rows,
            md5(string_agg(concat_ws('|', ctid, xmin, id, file_path, bucket_id, file_size, status, created_at), ',' order by file_path)) as hash
       from files_queue where file_path = any ($1)`,
    [PATHS.filter((_, index) => (index + 1) % 3 !== 0)],
  );
  return row;
}

const queue = async () =>
  (
    await stack.sql<{ rows: number; pending: number }>(
      `select count(*)::int as rows, (count(*) filter (where status = 'pending'))::int as pending from files_queue`,
    )
  )[0];

/** The statements that docs/adoption.md shows under a heading. */
function documented(heading: string): string {
  const page = readFileSync(join(__dirname, '../../docs/adoption.md'), 'utf8');
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  return /^```sql\n([^]*?)^```$/m.exec(section)?.[1] ?? '';
}

const untilNothingIsPending = (): Promise<void> => eventually(async () => (await queue())?.pending === 0);

/** A whole run of the backfill, in chunks as the workflow has them. */
async function backfill() {
  const { backfill: functions } = stack.supabase;
  const options = {
    kind: 'queue',
    prefix: '',
    finished: false,
    graceSeconds: 900,
    allAtOnce: false,
  } as const;
  let run = await functions.open({ bucket: BUCKET, owner: 'rehearsal', start: 'new', options });
  // Three phases of one chunk or two each.
  for (let chunk = 0; chunk < 20 && run.state === 'running'; chunk += 1) {
    const result = await functions.chunk({ ...at(run), size: 1_000 });
    run = result.run;
  }
  return run;
}

describe.each(TABLES)('the adoption of a queue with %s, while its Workers continue', (_what, ddl) => {
  it('queues nothing again, loses nothing, has each pending file processed once, and disturbs no Worker', async () => {
    await asBefore(ddl);
    const before = await finishedRows();
    const deps = withCollection(stack.deps, 'old', SOURCES);
    const workers = new LegacyWorkers(url, WORKERS);
    const findings = await preflight(url, STATUS_VALUES);
    expect(findings.filter(({ severity }) => severity === 'blocks')).toEqual([]);
    await migrate(url, STATUS_VALUES);
    expect(await stack.supabase.storage.ensureBucket()).toBe(false);

    const { ids, discovered } = await runLane(deps, 'old');
    expect({ ids, discovered }).toEqual({ ids: [], discovered: FILES });
    expect(await stack.supabase.backfill.plan(BUCKET, '')).toMatchObject({ files: FILES, missing: 0 });
    expect(await backfill()).toMatchObject({
      state: 'completed',
      queued: 0,
      missing: 0,
      heldByOtherBucket: 0,
    });
    expect(
      await stack.supabase.coherence.measure({ bucket: BUCKET, kind: 'full', graceSeconds: 900 }),
    ).toMatchObject({ files: FILES, rows: FILES, missing: 0, dangling: 0, stale: 0, heldByOtherBucket: 0 });
    expect(stack.simulator.control.stats().consults.total).toBe(0);
    expect((await stack.gateway.stats()).uploads).toBe(0);

    await untilNothingIsPending();
    const { worked, errors } = await workers.stop();
    expect(errors).toEqual([]);
    expect([...worked].sort()).toEqual(PATHS.filter((_, index) => (index + 1) % 3 === 0).sort());
    expect(worked).toHaveLength(PENDING);
    expect(await finishedRows()).toEqual(before);
    expect(await queue()).toEqual({ rows: FILES, pending: 0 });
  });

  it('then gives a polling Worker each changed file, once', async () => {
    await asBefore(ddl);
    await migrate(url, STATUS_VALUES);
    const deps = withCollection(stack.deps, 'old', SOURCES);
    await runLane(deps, 'old');
    await stack.sql(`update files_queue set status = 'processed', processed = true`);
    const [revised = ''] = articleIds(CODE, 7, 7);
    stack.simulator.control.reviseArticle(revised);
    await endInterval(stack, 'old');
    const workers = new LegacyWorkers(url, WORKERS);
    expect((await runLane(deps, 'old', 100)).ids).toEqual([revised]);
    await untilNothingIsPending();
    expect(await workers.stop()).toMatchObject({ errors: [], worked: [`legifrance/old/${revised}.json`] });
  });

  it('can be undone with the statements of docs/adoption.md: every row stays, and no object of legisync does', async () => {
    await asBefore(ddl);
    const rows = () => stack.sql('select ctid, xmin, f.* from files_queue f order by file_path');
    const before = { rows: await rows(), definitions: await definitions(stack) };
    await migrate(url, STATUS_VALUES);
    await runLane(withCollection(stack.deps, 'old', SOURCES), 'old');
    await withSession(url, ({ client }) => client.query(documented('How to go back')));
    expect(await rows()).toEqual(before.rows);
    expect([...(await definitions(stack))]).toEqual([...before.definitions]);
    expect(await stack.sql('select version from supabase_migrations.schema_migrations')).toEqual([]);

    // A second migration works.
    expect((await migrate(url, STATUS_VALUES)).already).toEqual([]);
  });

  it('uses the index that docs/adoption.md builds beforehand, and does not build it again', async () => {
    await asBefore(ddl);
    const index = () =>
      stack.sql<{ node: string }>(`select pg_relation_filenode('public.files_queue_claimable') as node`);
    await withSession(url, async ({ client }) => {
      // `create index concurrently` cannot run in a transaction, so each query has one statement.
      for (const statement of documented('How long it takes').split(/;\n/)) await client.query(statement);
    });
    const before = await index();
    expect((await preflight(url, STATUS_VALUES)).filter(({ severity }) => severity === 'blocks')).toEqual([]);
    await migrate(url, STATUS_VALUES);
    expect(await index()).toEqual(before);
    expect(before[0]?.node).not.toBeNull();
  });
});
