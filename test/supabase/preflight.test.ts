import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrate } from '../../src/migrations/migrate.ts';
import { preflight } from '../../src/migrations/preflight/preflight.ts';
import type { Finding, Severity } from '../../src/migrations/preflight/finding.ts';
import { documentPath } from '../../src/contract/documents.ts';
import { definitions } from '../support/definitions.ts';
import { articleId, batchOf, plantDue, putObject, queueRow } from '../support/queue.ts';
import { STATUS_VALUES } from '../support/servers.ts';
import { asPostgres, untilBlocked, withSession } from '../support/sessions.ts';
import { openStack, type TestStack } from '../support/stack.ts';

const TABLE = `create table files_queue (
  id bigint generated always as identity primary key, file_path text not null unique, bucket_id text not null,
  file_size bigint, status text not null default 'pending', processed boolean not null default false,
  created_at timestamptz not null default now())`;

/** What is done to the table above, what is found, and of what the message must tell. */
const OBSTACLES: readonly (readonly [what: string, ddl: string, about: string, says: RegExp])[] = [
  [
    'a column that has another name',
    'alter table files_queue drop column processed, drop column file_size',
    'column',
    /lacks file_size, processed\./,
  ],
  [
    'a path that is no text',
    'alter table files_queue drop column file_path, add column file_path uuid unique',
    'type',
    /file_path is uuid/,
  ],
  [
    'a path that is too short',
    'alter table files_queue alter file_path type varchar(30)',
    'type',
    /file_path is character varying\(30\): legisync needs 38/,
  ],
  [
    'a status that is a number',
    'alter table files_queue alter status drop default, alter status type integer using 0',
    'type',
    /status is integer: legisync needs text/,
  ],
  [
    'a status that is a domain over an enum, which PostgreSQL compares with no literal',
    `create type word as enum ('pending', 'processing', 'processed', 'failed', 'dangling'); create domain state as word;
     alter table files_queue alter status drop default, alter status type state using status::word`,
    'type',
    /status is state: legisync needs text/,
  ],
  [
    'a column of ours that means something else',
    'alter table files_queue add content_at integer',
    'type',
    /content_at is integer/,
  ],
  [
    'no unique index',
    'alter table files_queue drop constraint files_queue_file_path_key',
    'unique index',
    /no unique index on file_path alone/,
  ],
  [
    'a unique index that is deferrable',
    `alter table files_queue drop constraint files_queue_file_path_key;
     alter table files_queue add constraint files_queue_file_path_key unique (file_path) deferrable`,
    'unique index',
    /at once enforced/,
  ],
  [
    'an enum without our word for new files',
    `alter table files_queue alter status drop default;
     create type queue_status as enum ('new', 'processing', 'processed', 'failed', 'dangling');
     alter table files_queue alter status type queue_status using 'new'`,
    'status',
    /status \(queue_status\) takes no word for "to be done" \("pending"\)/,
  ],
  [
    'a check without our word for new files',
    `alter table files_queue add constraint words check (status in ('new', 'processing', 'processed', 'failed', 'dangling'))`,
    'status',
    /status \(text, constraint words\) takes no word for "to be done"/,
  ],
  [
    'a status that is too short',
    'alter table files_queue alter status type varchar(5)',
    'status',
    /takes no word for "to be done"/,
  ],
  [
    'a column of theirs that must be filled',
    'alter table files_queue add "Priority" integer not null',
    'not null',
    /Priority is not null and has no default/,
  ],
  [
    'a date that must be there and that nobody sets',
    'alter table files_queue alter created_at drop default',
    'default',
    /created_at is not null and has no default/,
  ],
  [
    'a generated column',
    'alter table files_queue drop column file_size, add column file_size bigint generated always as (length(file_path)) stored',
    'generated',
    /file_size is generated/,
  ],
  [
    'a rule on INSERT',
    'create rule once as on insert to files_queue where new.file_path is null do instead nothing',
    'rule',
    /Rule once .*on conflict/,
  ],
  [
    'functions of theirs with names of ours',
    `create function legisync_claim_files(n integer) returns integer language sql return n;
     create function "legisync_Own"() returns integer language sql return 1`,
    'function',
    /not legisync’s: public\."legisync_Own"\(\), public\.legisync_claim_files\(n integer\)\./,
  ],
];

const WARNINGS: readonly (readonly [what: string, ddl: string, about: string, says: RegExp])[] = [
  ['a size of four bytes', 'alter table files_queue alter file_size type integer', 'type', /2 GiB/],
  [
    'a size that must be there',
    'alter table files_queue alter file_size set not null',
    'not null',
    /no size/,
  ],
  ['dates without a zone', 'alter table files_queue alter created_at type timestamp', 'type', /no time zone/],
  [
    'dates that nobody sets',
    'alter table files_queue alter created_at drop default, alter created_at drop not null',
    'default',
    /legisync_claim_files hands them out last/,
  ],
  [
    'a path that is short',
    'alter table files_queue alter file_path type varchar(60)',
    'type',
    /up to 1024 characters/,
  ],
  [
    'a check that takes no word for a file that is gone',
    `alter table files_queue add check (status in ('pending', 'processing', 'processed', 'failed'))`,
    'status',
    /"the file is gone" \("dangling"\).*dangling_since/,
  ],
  [
    'a check of other columns',
    'alter table files_queue add constraint sane check (processed or file_size > 0)',
    'check',
    /Constraint sane .*file_size > 0/,
  ],
  [
    'a trigger on each new row',
    `create function tell() returns trigger language plpgsql as $$ begin return new; end $$;
     create trigger tell after insert or update on files_queue for each row execute function tell()`,
    'trigger',
    /Trigger tell \(AFTER INSERT OR UPDATE, for each row: public\.tell\).*1\.4 million times.*leave status/,
  ],
  [
    'a foreign key of what we write',
    `create table words (word text primary key); insert into words values ('pending');
     alter table files_queue add constraint known foreign key (status) references words`,
    'foreign key',
    /Foreign key known: status must be in public\.words/,
  ],
  ['a table that a crash empties', 'alter table files_queue set unlogged', 'kind', /unlogged/],
];

let stack: TestStack;
let url: string;

async function open(): Promise<void> {
  stack = await openStack({ bare: true });
  url = asPostgres(stack.databaseUrl);
}

const run = (...statements: readonly string[]) =>
  withSession(url, async ({ client }) => {
    for (const statement of statements) await client.query(statement);
  });
const check = () => preflight(url, STATUS_VALUES);
const of = (findings: readonly Finding[], severity: Severity) =>
  findings.filter((finding) => finding.severity === severity);

/** Follows the advice of all that blocks, until nothing does. */
async function followAdvice(): Promise<void> {
  // One statement may be the condition of the next: a column first, then its index. More than three rounds is a circle.
  for (let round = 0; round < 3; round += 1) {
    const blocking = of(await check(), 'blocks');
    for (const { sql } of blocking) await run(...sql);
  }
  expect(of(await check(), 'blocks')).toEqual([]);
}

/** Collects one document and queues it. */
async function queues(): Promise<void> {
  const id = articleId(1);
  await plantDue(stack, 'codes', [id]);
  await stack.supabase.catalogue.takeDocuments(batchOf('codes', 1), 1);
  await putObject(stack, documentPath('codes', id), 'text');
  expect(await stack.supabase.catalogue.enqueue(batchOf('codes', 1), [id], [])).toMatchObject({ queued: 1 });
  expect(await queueRow(stack, documentPath('codes', id))).toMatchObject({ status: 'pending' });
}

describe('the preflight of a files_queue', () => {
  beforeAll(open);
  afterEach(() =>
    stack.sql(`
      drop table if exists public.files_queue, public.words cascade;
      drop function if exists public.tell`),
  );
  afterAll(() => stack.close());

  it('finds nothing to say where there is none yet', async () => {
    expect(await check()).toEqual([expect.objectContaining({ severity: 'fine', about: 'table' })]);
  });

  it.each([
    [
      'a uuid for an id',
      'drop column id, add column id uuid primary key default gen_random_uuid()',
      'id is uuid',
    ],
    ['no id', 'drop column id', 'has no id'],
  ])('has nothing against %s', async (_what, change, says) => {
    await run(TABLE, `alter table files_queue ${change}`);
    const findings = await check();
    expect(findings.filter(({ severity }) => severity !== 'fine')).toEqual([]);
    expect(findings.find(({ about }) => about === 'id')?.message).toContain(says);
  });

  it.each(WARNINGS)('warns of %s', async (_what, ddl, about, says) => {
    await run(TABLE, ddl);
    const findings = await check();
    expect(of(findings, 'blocks')).toEqual([]);
    expect(of(findings, 'warning')).toEqual([
      expect.objectContaining({ about, message: expect.stringMatching(says) as string }),
    ]);
  });

  it('counts the rows that share a path, and keeps the finished or else the oldest of each', async () => {
    await run(
      TABLE,
      'alter table files_queue drop constraint files_queue_file_path_key',
      `insert into files_queue (file_path, bucket_id, file_size, status, processed, created_at) values
         ('a', 'b', 1, 'pending', false, '2025-01-01'), ('a', 'b', 2, 'processed', true, '2025-01-03'),
         ('a', 'b', 3, 'done', false, '2025-01-02'), ('b', 'b', 4, 'pending', false, '2025-01-02'),
         ('b', 'b', 5, 'pending', false, '2025-01-01'), ('c', 'b', 6, 'pending', false, '2025-01-01')`,
    );
    const [duplicates] = of(await check(), 'blocks');
    expect(duplicates).toMatchObject({
      about: 'duplicates',
      message: expect.stringMatching(/^2 file_path.* 3 too many in all, such as a, b\. /) as string,
    });
    expect(await stack.sql(duplicates?.sql[0] ?? '')).toHaveLength(2);
    await followAdvice();
    const kept = await stack.sql<{ file_size: string }>(
      'select file_size from files_queue order by file_path',
    );
    expect(kept.map(({ file_size }) => file_size)).toEqual(['3', '5', '6']);
  });

  it('says so where the rows that share a path could not be counted in time', async () => {
    await run(TABLE, 'alter table files_queue drop constraint files_queue_file_path_key');
    await withSession(url, async ({ client, pid }) => {
      await client.query('begin');
      await client.query('lock table files_queue');
      const checked = check();
      await untilBlocked(stack, pid);
      // To the session it is the same as its statement timeout.
      await stack.sql(
        `select pg_cancel_backend(pid) from pg_stat_activity where $1 = any (pg_blocking_pids(pid))`,
        [pid],
      );
      expect(of(await checked, 'blocks')).toEqual([
        expect.objectContaining({
          about: 'duplicates',
          message: expect.stringContaining('could not be found out in time') as string,
        }),
        expect.objectContaining({ about: 'unique index' }),
      ]);
      await client.query('rollback');
    });
  });

  it('warns of rows without a path', async () => {
    await run(
      TABLE,
      'alter table files_queue alter file_path drop not null',
      `insert into files_queue (bucket_id) values ('a'), ('b')`,
    );
    expect(of(await check(), 'warning')).toEqual([
      expect.objectContaining({ about: 'null path', message: expect.stringMatching(/^2 row/) as string }),
    ]);
  });

  it('accepts a value of their own for ours if the settings say so', async () => {
    await run(
      TABLE,
      `alter table files_queue add check (status in ('pending', 'en_cours', 'fini', 'echec', 'dangling'))`,
    );
    expect(
      of(await check(), 'warning').map(({ message }) => /LEGISYNC_STATUS_\w+/.exec(message)?.[0]),
    ).toEqual(['LEGISYNC_STATUS_DONE', 'LEGISYNC_STATUS_IN_PROGRESS', 'LEGISYNC_STATUS_FAILED']);
    const settings = {
      ...STATUS_VALUES,
      statusDone: ['fini', 'echec'],
      statusInProgress: ['en_cours'],
      statusFailed: ['echec'],
    };
    expect(of(await preflight(url, settings), 'warning')).toEqual([]);
  });

  it('names the owner where that is somebody else, and a view where a table should be', async () => {
    await stack.sql(`${TABLE}; alter table files_queue owner to supabase_admin`);
    expect(of(await check(), 'blocks')).toEqual([
      expect.objectContaining({
        about: 'owner',
        message: expect.stringContaining('supabase_admin') as string,
      }),
    ]);
    await stack.sql('drop table files_queue; create view public.files_queue as select 1 as file_path');
    await stack.sql('alter view public.files_queue owner to postgres');
    expect(of(await check(), 'blocks').map(({ about }) => about)).toEqual(['kind']);
    await stack.sql('drop view public.files_queue');
  });

  it('names the row security that would hide rows from the role that comes', async () => {
    await stack.sql(`${TABLE}; alter table files_queue owner to authenticator;
      alter table files_queue enable row level security, force row level security`);
    const other = new URL(url);
    other.username = 'authenticator';
    expect(of(await preflight(other.href, STATUS_VALUES), 'blocks')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          about: 'row security',
          sql: ['alter table public.files_queue no force row level security'],
        }),
      ]),
    );
  });

  it('says what legisync was not tried with, and what it leaves alone', async () => {
    await run(
      TABLE.replace('primary key', '') + ' partition by hash (file_path)',
      'create table files_queue_0 partition of files_queue for values with (modulus 1, remainder 0)',
      'create rule keep as on delete to files_queue do instead nothing',
      `create function tell() returns trigger language plpgsql as $$ begin return null; end $$`,
      'create trigger tell after delete on files_queue for each row execute function tell()',
    );
    const findings = await check();
    const summary = findings.map(({ severity, about }) => `${severity}: ${about}`);
    expect(summary).toEqual(['warning: kind', 'warning: rule', 'fine: trigger', 'fine: id', 'fine: delete']);
    await run('drop table files_queue cascade');
  });

  it('changes nothing, and waits for no Worker', async () => {
    await run(TABLE, `insert into files_queue (file_path, bucket_id) values ('a', 'b')`);
    const before = await definitions(stack);
    await withSession(url, async ({ client }) => {
      await client.query('begin');
      await client.query(`update files_queue set status = 'processing'`);
      await check();
      await client.query('rollback');
    });
    expect(await definitions(stack)).toEqual(before);
  });
});

describe('the preflight and the migrations', () => {
  beforeEach(open);
  afterEach(() => stack.close());

  it('find nothing to do about a plain table, neither before nor after', async () => {
    await run(TABLE);
    for (const _ of ['before', 'after']) {
      expect((await check()).filter(({ severity }) => severity !== 'fine')).toEqual([]);
      await migrate(url, STATUS_VALUES);
    }
  });

  it.each(OBSTACLES)(
    'agree on %s: it blocks until it is fixed as told; then the table serves',
    async (_what, ddl, about, says) => {
      await run(TABLE, ddl);
      const [first] = of(await check(), 'blocks');
      expect(first).toMatchObject({ about, message: expect.stringMatching(says) as string });
      expect(first?.sql).not.toEqual([]);
      await expect(migrate(url, STATUS_VALUES)).rejects.toMatchObject({ code: 'QUEUE_INCOMPATIBLE' });
      await followAdvice();
      await migrate(url, STATUS_VALUES);
      await queues();
    },
  );

  it('get along with all that is only warned of, at once', async () => {
    // Two of them are about one column, and one says more than the other.
    const changes = WARNINGS.filter(([, , , says]) => !String(says).includes('no time zone'));
    await run(TABLE, ...changes.map(([, ddl]) => ddl));
    const warnings = of(await check(), 'warning').length;
    expect(warnings).toBe(changes.length);
    await migrate(url, STATUS_VALUES);
    await queues();
    expect(of(await check(), 'warning')).toHaveLength(warnings);
  });

  it('name functions of theirs also where there is no queue yet, and give them names that free ours', async () => {
    await run(`create function legisync_claim_files(n integer) returns integer language sql return n + 1`);
    const [finding, ...others] = of(await check(), 'blocks');
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      about: 'function',
      sql: ['alter routine public.legisync_claim_files(n integer) rename to team_claim_files'],
    });
    await expect(migrate(url, STATUS_VALUES)).rejects.toMatchObject({ code: 'QUEUE_INCOMPATIBLE' });
    await run(...(finding?.sql ?? []));
    await migrate(url, STATUS_VALUES);
    expect(await stack.sql('select public.team_claim_files(1) as answer')).toEqual([{ answer: 2 }]);
    expect(of(await check(), 'blocks')).toEqual([]);
  });

  it('tell teams that purge many rows what will be refused, and are silent about it once it is', async () => {
    const about = async (maxDeletePercent = 50) =>
      (await preflight(url, { ...STATUS_VALUES, maxDeletePercent })).filter((one) => one.about === 'delete');
    const sql = [`set local legisync.allow_emptying = 'files_queue'`];
    await run(
      TABLE,
      `insert into files_queue (file_path, bucket_id) select n::text, 'b' from generate_series(1, 1000) n`,
    );
    expect(await about()).toEqual([expect.objectContaining({ severity: 'fine', sql })]);
    await run(`insert into files_queue (file_path, bucket_id) values ('one more', 'b')`);
    expect(await about()).toEqual([
      {
        severity: 'warning',
        about: 'delete',
        sql,
        message: expect.stringMatching(
          /TRUNCATE, .*leaves no row, .*1,000 rows .*50 % .*LEGISYNC_MAX_DELETE_PERCENT/,
        ) as string,
      },
    ]);
    expect(await about(100)).toEqual([
      expect.objectContaining({
        severity: 'warning',
        message: expect.stringMatching(/^A TRUNCATE, or a DELETE that leaves no row, (?!.*%)/) as string,
      }),
    ]);
    await migrate(url, STATUS_VALUES);
    expect(await about()).toEqual([expect.objectContaining({ severity: 'fine', sql })]);
  });

  const claimable = async () =>
    (
      await stack.sql<{ valid: boolean; definition: string }>(
        `select indisvalid as valid, pg_get_indexdef(indexrelid) as definition from pg_index
          where indexrelid = to_regclass('public.files_queue_claimable')`,
      )
    ).map((row) => ({ ...row }));
  const indexWarnings = async () => of(await check(), 'warning').filter(({ about }) => about === 'index');
  const GOOD = {
    valid: true,
    definition: expect.stringMatching(
      /\(backfilled, created_at\) WHERE .*'pending'.*processed IS NOT TRUE.*dangling_since IS NULL/,
    ) as string,
  };

  it('warn of an index of our name with another definition, which the migration replaces under a SHARE lock', async () => {
    await run(
      TABLE,
      `create index files_queue_claimable on files_queue (created_at) where status = 'pending'`,
    );
    expect(await indexWarnings()).toEqual([
      expect.objectContaining({
        sql: [],
        message: expect.stringMatching(
          /another definition \(CREATE INDEX .*\(created_at\).*`legisync migrate` builds it again.*SHARE lock/,
        ) as string,
      }),
    ]);
    await migrate(url, STATUS_VALUES);
    expect(await claimable()).toEqual([GOOD]);
    expect(await indexWarnings()).toEqual([]);
  });

  it('warn of an invalid index, as an interrupted build leaves it, which the statements replace without a lock', async () => {
    await run(TABLE);
    await migrate(url, STATUS_VALUES);
    const spoil = () =>
      stack.sql(
        `update pg_index set indisvalid = false where indexrelid = 'public.files_queue_claimable'::regclass`,
      );
    await spoil();
    const [warning, ...others] = await indexWarnings();
    expect(others).toEqual([]);
    expect(warning).toMatchObject({ message: expect.stringMatching(/is invalid/) as string });
    expect(warning?.sql).toHaveLength(2);
    for (const statement of warning?.sql ?? []) expect(statement).toMatch(/ index concurrently /);
    await run(...(warning?.sql ?? []));
    expect(await claimable()).toEqual([GOOD]);
    expect(await indexWarnings()).toEqual([]);

    // The migration does it as well, to an index that was built before it.
    await stack.sql(`delete from supabase_migrations.schema_migrations where name like '%files_queue_index'`);
    await spoil();
    await migrate(url, STATUS_VALUES);
    expect(await claimable()).toEqual([GOOD]);
  });

  it('refuse a database that is no Supabase project’s', async () => {
    await stack.sql('drop schema storage cascade');
    expect(of(await check(), 'blocks')).toEqual([expect.objectContaining({ about: 'project' })]);
    await expect(migrate(url, STATUS_VALUES)).rejects.toMatchObject({
      message: expect.stringContaining('no storage.objects') as string,
    });
  });

  it('refuse with the first finding and the next command, before anything is changed', async () => {
    await run(TABLE, 'alter table files_queue drop column created_at, add priority integer not null');
    const before = await definitions(stack);
    await expect(migrate(url, STATUS_VALUES)).rejects.toMatchObject({
      code: 'QUEUE_INCOMPATIBLE',
      message: expect.stringMatching(
        /lacks created_at.*add column created_at.*; 1 more finding.*legisync migrate --check/,
      ) as string,
    });
    expect(await definitions(stack)).toEqual(before);
    const schemas = `select from pg_namespace where nspname in ('legisync', 'supabase_migrations')`;
    expect(await stack.sql(schemas)).toEqual([]);
  });

  it('refuse as well, by the migration itself, where `supabase db push` applies it', async () => {
    const folder = join(__dirname, '../../supabase/migrations');
    const sql = (name: string): string => {
      const file = readdirSync(folder).find((one) =>
        new RegExp(`^\\d{14}_(legisync_)?${name}\\.sql$`).test(one),
      );
      return readFileSync(join(folder, file ?? `No migration ${name}`), 'utf8');
    };
    const push = () => run(sql('files_queue'));
    await run(sql('schema'), 'create table files_queue (file_path text, bucket_id text)');
    await expect(push()).rejects.toMatchObject({
      code: 'P0001',
      message: expect.stringMatching(
        /lacks columns.*alter table public\.files_queue add column file_size bigint, .*created_at timestamptz default now\(\);$/,
      ) as string,
    });
    await run(
      'drop table files_queue',
      TABLE,
      'alter table files_queue drop constraint files_queue_file_path_key',
    );
    await expect(push()).rejects.toMatchObject({
      message: expect.stringMatching(/no unique index on file_path.*create unique index/s) as string,
    });
  });
});
