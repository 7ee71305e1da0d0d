import { randomUUID } from 'node:crypto';
import { migrate } from '../../src/migrations/migrate.ts';
import { preflight, refuseIncompatible } from '../../src/migrations/preflight/preflight.ts';
import { projectFindings, readProject } from '../../src/migrations/preflight/project.ts';
import { definitions } from '../support/definitions.ts';
import { openQueue, withSeverity, type PreflightQueue } from '../support/preflight.ts';
import { STATUS_VALUES } from '../support/servers.ts';
import { withSession } from '../support/sessions.ts';

let queue: PreflightQueue;

/** What an older or self-hosted Storage may lack or have otherwise, and what must be said of it. */
const STORAGES: readonly (readonly [what: string, ddl: string, says: RegExp])[] = [
  ...['created_at', 'updated_at', 'metadata', 'user_metadata'].map(
    (column) =>
      [
        `no objects.${column}`,
        `alter table storage.objects drop column ${column} cascade`,
        new RegExp(`^Storage lacks storage\\.objects\\.${column}, .* update Storage`),
      ] as const,
  ),
  [
    'no objects.name and no objects.bucket_id',
    'alter table storage.objects drop column name cascade, drop column bucket_id cascade',
    /^Storage lacks storage\.objects\.bucket_id, storage\.objects\.name, /,
  ],
  ['no buckets', 'drop table storage.buckets cascade', /^Storage lacks storage\.buckets\.id, /],
  [
    'metadata of another type',
    'alter table storage.objects alter metadata type json',
    /^storage\.objects\.metadata is json: legisync needs jsonb/,
  ],
  [
    'a delete marker of another type',
    'alter table storage.objects alter is_delete_marker drop default, alter is_delete_marker type text',
    /^storage\.objects\.is_delete_marker is text: legisync needs bool/,
  ],
  [
    'dates without a zone',
    'alter table storage.objects alter created_at type timestamp',
    /^storage\.objects\.created_at is timestamp: legisync needs timestamptz/,
  ],
];

describe('the preflight of a project', () => {
  beforeEach(async () => {
    queue = await openQueue();
  });
  afterEach(() => queue.stack.close());

  it.each(STORAGES)('blocks a Storage with %s, before the first migration', async (_what, ddl, says) => {
    await queue.stack.sql(ddl);
    expect(withSeverity(await queue.check(), 'blocks')).toEqual([
      { severity: 'blocks', about: 'storage', message: expect.stringMatching(says) as string, sql: [] },
    ]);
    const before = await definitions(queue.stack);
    await expect(migrate(queue.url, STATUS_VALUES)).rejects.toMatchObject({
      code: 'DATABASE_INCOMPATIBLE',
      message: expect.stringMatching(/Nothing was changed\.$/) as string,
      remedy: 'legisync migrate --check',
    });
    expect(await definitions(queue.stack)).toEqual(before);
  });

  it('warns if Storage lost the index that a backfill walks, and the statement makes it again', async () => {
    await queue.stack.sql('drop index storage.bucketid_objname');
    const [warning, ...others] = withSeverity(await queue.check(), 'warning');
    expect(others).toEqual([]);
    expect(warning).toMatchObject({ about: 'storage', message: expect.stringContaining('index') as string });
    for (const statement of warning?.sql ?? []) await queue.stack.sql(statement);
    expect(withSeverity(await queue.check(), 'warning')).toEqual([]);
    await migrate(queue.url, STATUS_VALUES);
  });

  it.each(['anon', 'authenticated', 'service_role'])(
    'blocks a database without the role %s, which the statement creates',
    async (role) => {
      // Roles belong to the whole server, so this is undone before another session can see it.
      // The check itself ends the transaction.
      const without = async (...statements: readonly string[]) =>
        withSession(queue.stack.databaseUrl, async ({ client }) => {
          await client.query('begin');
          await client.query(`alter role ${role} rename to ${role}_elsewhere`);
          for (const statement of statements) await client.query(statement);
          await refuseIncompatible(client, STATUS_VALUES);
        });
      const sql = `create role ${role} nologin noinherit${role === 'service_role' ? ' bypassrls' : ''}`;
      await expect(without()).rejects.toMatchObject({
        code: 'DATABASE_INCOMPATIBLE',
        message: expect.stringContaining(` ${role} of Supabase's API`) as string,
      });
      await expect(without()).rejects.toMatchObject({
        message: expect.stringContaining(`${sql};`) as string,
      });
      await without(sql);
    },
  );

  it('blocks a role that may not read Storage, or from which row security hides it, until the statements ran', async () => {
    const url = new URL(queue.url);
    url.username = `legisync_${randomUUID().replaceAll('-', '')}`;
    await queue.stack.sql(`create role ${url.username} login password '${url.password}'`);
    try {
      const check = async () => withSeverity(await preflight(url.href, STATUS_VALUES), 'blocks');
      await queue.stack.sql(`grant create on schema public to ${url.username}`);
      expect(await check()).toEqual([
        expect.objectContaining({
          about: 'rights',
          message: expect.stringContaining('may not create') as string,
        }),
        expect.objectContaining({
          about: 'rights',
          message: expect.stringContaining('may not read storage.buckets, storage.objects') as string,
        }),
        expect.objectContaining({ about: 'row security' }),
      ]);
      await queue.stack.sql(
        `do $$ begin execute format('grant create on database %I to ${url.username}', current_database()); end $$`,
      );
      for (const { sql } of await check()) for (const statement of sql) await queue.stack.sql(statement);
      expect(await check()).toEqual([]);
    } finally {
      await queue.stack.sql(`drop owned by ${url.username}; drop role ${url.username}`);
    }
  });

  it('blocks a PostgreSQL that is too old', async () => {
    await withSession(queue.url, async ({ client }) => {
      const facts = await readProject(client);
      expect(projectFindings(facts)).toEqual([]);
      expect(projectFindings({ ...facts, version: '14.19', versionNumber: 140_019 })).toEqual([
        expect.objectContaining({
          severity: 'blocks',
          about: 'version',
          message: 'The database runs PostgreSQL 14.19: legisync needs 15 or newer. Upgrade the project.',
        }),
      ]);
    });
  });

  it.each([
    ['a table', 'create table legisync.missing (id bigint)'],
    ['a function', 'create function legisync.own() returns integer language sql return 1'],
    ['a type', `create type legisync.word as enum ('a')`],
  ])('blocks a schema legisync of the team’s with %s, which is then renamed and kept', async (_what, ddl) => {
    await queue.run('create schema legisync', ddl);
    const [finding, ...others] = withSeverity(await queue.check(), 'blocks');
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ about: 'schema' });
    await expect(migrate(queue.url, STATUS_VALUES)).rejects.toMatchObject({ code: 'DATABASE_INCOMPATIBLE' });
    await queue.followAdvice();
    await migrate(queue.url, STATUS_VALUES);
    expect(await queue.stack.sql(`select from pg_namespace where nspname = 'team_legisync'`)).toHaveLength(1);
    expect(withSeverity(await queue.check(), 'blocks')).toEqual([]);
  });

  it.each([
    [
      'an index of another table',
      'create table other (at timestamptz); create index files_queue_claimable on other (at)',
      'files_queue_claimable',
    ],
    ['a table', 'create table files_queue_claimable (at timestamptz)', 'files_queue_claimable'],
    ['a view', 'create view files_queue_claimable as select 1 as one', 'files_queue_claimable'],
    [
      'the key of another table',
      'create table other (path text constraint files_queue_file_path_key unique)',
      'files_queue_file_path_key',
    ],
  ])(
    'blocks %s with the name of an index of ours, which is then renamed and kept',
    async (_what, ddl, name) => {
      await queue.run(ddl);
      expect(withSeverity(await queue.check(), 'blocks')).toEqual([
        expect.objectContaining({
          about: 'name',
          message: expect.stringContaining(`public.${name} `) as string,
        }),
      ]);
      await expect(migrate(queue.url, STATUS_VALUES)).rejects.toMatchObject({
        code: 'DATABASE_INCOMPATIBLE',
      });
      await queue.followAdvice();
      await migrate(queue.url, STATUS_VALUES);
      const names = await queue.stack.sql<{ relname: string }>(
        `select relname from pg_class where relname in ($1::text, replace($1, 'files_queue', 'team')) order by 1`,
        [name],
      );
      expect(names.map(({ relname }) => relname)).toEqual([name, name.replace('files_queue', 'team')]);
      expect(withSeverity(await queue.check(), 'blocks')).toEqual([]);
    },
  );

  it('accepts an empty schema of that name, but not one of another owner', async () => {
    await queue.run('create schema legisync');
    expect(withSeverity(await queue.check(), 'blocks')).toEqual([]);
    await queue.stack.sql('alter schema legisync owner to supabase_admin');
    expect(withSeverity(await queue.check(), 'blocks')).toEqual([
      expect.objectContaining({
        about: 'rights',
        message: expect.stringContaining('supabase_admin') as string,
      }),
    ]);
    await expect(migrate(queue.url, STATUS_VALUES)).rejects.toMatchObject({ code: 'DATABASE_REFUSED' });
  });
});
