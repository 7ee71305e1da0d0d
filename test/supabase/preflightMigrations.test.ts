import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrate } from '../../src/migrations/migrate.ts';
import { preflight } from '../../src/migrations/preflight/preflight.ts';
import { definitions } from '../support/definitions.ts';
import { openQueue, TABLE, withSeverity, type PreflightQueue } from '../support/preflight.ts';
import { STATUS_VALUES } from '../support/servers.ts';

let queue: PreflightQueue;

describe('the preflight and the migrations', () => {
  beforeEach(async () => {
    queue = await openQueue();
  });
  afterEach(() => queue.stack.close());

  it('report functions with our names even without a queue, and rename them', async () => {
    await queue.run(
      `create function legisync_claim_files(n integer) returns integer language sql return n + 1`,
    );
    const [finding, ...others] = withSeverity(await queue.check(), 'blocks');
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      about: 'function',
      sql: ['alter routine public.legisync_claim_files(n integer) rename to team_claim_files'],
    });
    await expect(migrate(queue.url, STATUS_VALUES)).rejects.toMatchObject({ code: 'QUEUE_INCOMPATIBLE' });
    await queue.run(...(finding?.sql ?? []));
    await migrate(queue.url, STATUS_VALUES);
    expect(await queue.stack.sql('select public.team_claim_files(1) as answer')).toEqual([{ answer: 2 }]);
    expect(withSeverity(await queue.check(), 'blocks')).toEqual([]);
  });

  it('warn teams that purge many rows before legisync is installed, and not afterwards', async () => {
    const about = async (maxDeletePercent = 50) =>
      (await preflight(queue.url, { ...STATUS_VALUES, maxDeletePercent })).filter(
        (one) => one.about === 'delete',
      );
    const sql = [`set local legisync.allow_emptying = 'files_queue'`];
    await queue.run(
      TABLE,
      `insert into files_queue (file_path, bucket_id) select n::text, 'b' from generate_series(1, 1000) n`,
    );
    expect(await about()).toEqual([expect.objectContaining({ severity: 'fine', sql })]);
    await queue.run(`insert into files_queue (file_path, bucket_id) values ('one more', 'b')`);
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
    await migrate(queue.url, STATUS_VALUES);
    expect(await about()).toEqual([expect.objectContaining({ severity: 'fine', sql })]);
  });

  const claimable = async () =>
    (
      await queue.stack.sql<{ valid: boolean; definition: string }>(
        `select indisvalid as valid, pg_get_indexdef(indexrelid) as definition from pg_index
          where indexrelid = to_regclass('public.files_queue_claimable')`,
      )
    ).map((row) => ({ ...row }));
  const indexWarnings = async () =>
    withSeverity(await queue.check(), 'warning').filter(({ about }) => about === 'index');
  const GOOD = {
    valid: true,
    definition: expect.stringMatching(
      /\(backfilled, created_at\) WHERE .*'pending'.*processed IS NOT TRUE.*dangling_since IS NULL/,
    ) as string,
  };

  it('warn of an index with our name and another definition, which the migration replaces under a SHARE lock', async () => {
    await queue.run(
      TABLE,
      `create index files_queue_claimable on files_queue (created_at) where status = 'pending'`,
    );
    expect(await indexWarnings()).toEqual([
      expect.objectContaining({
        sql: [],
        message: expect.stringMatching(
          /another definition \(CREATE INDEX .*\(created_at\).*`legisync migrate` rebuilds it.*SHARE lock/,
        ) as string,
      }),
    ]);
    await migrate(queue.url, STATUS_VALUES);
    expect(await claimable()).toEqual([GOOD]);
    expect(await indexWarnings()).toEqual([]);
  });

  it('warn of an invalid index, as an interrupted build leaves it, which the statements replace concurrently', async () => {
    await queue.run(TABLE);
    await migrate(queue.url, STATUS_VALUES);
    const spoil = () =>
      queue.stack.sql(
        `update pg_index set indisvalid = false where indexrelid = 'public.files_queue_claimable'::regclass`,
      );
    await spoil();
    const [warning, ...others] = await indexWarnings();
    expect(others).toEqual([]);
    expect(warning).toMatchObject({ message: expect.stringMatching(/is invalid/) as string });
    expect(warning?.sql).toHaveLength(2);
    for (const statement of warning?.sql ?? []) expect(statement).toMatch(/ index concurrently /);
    await queue.run(...(warning?.sql ?? []));
    expect(await claimable()).toEqual([GOOD]);
    expect(await indexWarnings()).toEqual([]);

    // The migration also replaces an invalid index that already exists.
    await queue.stack.sql(
      `delete from supabase_migrations.schema_migrations where name like '%files_queue_index'`,
    );
    await spoil();
    await migrate(queue.url, STATUS_VALUES);
    expect(await claimable()).toEqual([GOOD]);
  });

  it('refuse a database that is not a Supabase project', async () => {
    await queue.stack.sql('drop schema storage cascade');
    expect(withSeverity(await queue.check(), 'blocks')).toEqual([
      expect.objectContaining({ about: 'project' }),
    ]);
    await expect(migrate(queue.url, STATUS_VALUES)).rejects.toMatchObject({
      code: 'DATABASE_INCOMPATIBLE',
      message: expect.stringContaining('no storage.objects') as string,
    });
  });

  it('refuse with the first finding and the next command, and change nothing', async () => {
    await queue.run(TABLE, 'alter table files_queue drop column created_at, add priority integer not null');
    const before = await definitions(queue.stack);
    await expect(migrate(queue.url, STATUS_VALUES)).rejects.toMatchObject({
      code: 'QUEUE_INCOMPATIBLE',
      message: expect.stringMatching(
        /lacks created_at.*add column created_at.*; 1 more finding.*Nothing was changed\.$/,
      ) as string,
      remedy: 'legisync migrate --check',
    });
    expect(await definitions(queue.stack)).toEqual(before);
    const schemas = `select from pg_namespace where nspname in ('legisync', 'supabase_migrations')`;
    expect(await queue.stack.sql(schemas)).toEqual([]);
  });

  it('refuse also when `supabase db push` applies the migration', async () => {
    const folder = join(__dirname, '../../supabase/migrations');
    const sql = (name: string): string => {
      const file = readdirSync(folder).find((one) =>
        new RegExp(`^\\d{14}_(legisync_)?${name}\\.sql$`).test(one),
      );
      return readFileSync(join(folder, file ?? `No migration ${name}`), 'utf8');
    };
    const push = () => queue.run(sql('files_queue'));
    await queue.run(sql('schema'), 'create table files_queue (file_path text, bucket_id text)');
    await expect(push()).rejects.toMatchObject({
      code: 'P0001',
      message: expect.stringMatching(
        /lacks columns.*alter table public\.files_queue add column file_size bigint, .*created_at timestamptz default now\(\);$/,
      ) as string,
    });
    await queue.run(
      'drop table files_queue',
      TABLE,
      'alter table files_queue drop constraint files_queue_file_path_key',
    );
    await expect(push()).rejects.toMatchObject({
      message: expect.stringMatching(/no unique index on file_path.*create unique index/s) as string,
    });
  });
});
