import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { migrate, type MigrationWaits } from '../../src/migrations/migrate.ts';
import { STATUS_VALUES } from '../support/servers.ts';
import { asPostgres, untilBlocked, withSession } from '../support/sessions.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

const VERSIONS = readdirSync(join(__dirname, '../../supabase/migrations')).length;
const SHORT: MigrationWaits = { tableMs: 100, tries: 2, pauseMs: 10, otherMigrateMs: 200 };

let stack: SupabaseStack;
let url: string;

beforeEach(async () => {
  stack = await openSupabase({ bare: true });
  url = asPostgres(stack.databaseUrl);
  await stack.sql(`create table public.files_queue (file_path text primary key, bucket_id text, file_size bigint,
    status text default 'pending', processed boolean default false, created_at timestamptz default now())`);
  await stack.sql('alter table public.files_queue owner to postgres');
});
afterEach(() => stack.close());

describe('a migration that waits for a lock', () => {
  it('gives up soon, names the session that holds it, and changes nothing', async () => {
    await withSession(stack.databaseUrl, async ({ client, pid }) => {
      await client.query('begin');
      await client.query('select from public.files_queue');
      const failed = migrate(url, STATUS_VALUES, SHORT);
      await expect(failed).rejects.toMatchObject({
        code: 'DATABASE_BUSY',
        message: expect.stringMatching(
          new RegExp(`files_queue\\.sql .*process ${pid} \\(idle in transaction: (?!.*migrate)`),
        ) as string,
        remedy: expect.stringContaining(`pg_terminate_backend(${pid})`) as string,
      });
    });
    const columns = await stack.sql(
      `select from pg_attribute where attrelid = 'public.files_queue'::regclass and attname = 'requeue'`,
    );
    expect(columns).toEqual([]);
    expect((await migrate(url, STATUS_VALUES, SHORT)).applied).toHaveLength(VERSIONS - 1);
  });

  it('lets Workers write between two tries, and succeeds once the lock is free', async () => {
    await withSession(stack.databaseUrl, async ({ client, pid }) => {
      await client.query('begin');
      await client.query('select from public.files_queue');
      const migrated = migrate(url, STATUS_VALUES, { ...SHORT, tries: 1_000 });
      await untilBlocked(stack, pid);
      // After the migration in the lock's queue. It runs as soon as the migration's wait ends.
      await stack.sql(`update public.files_queue set processed = true`);
      await client.query('commit');
      expect((await migrated).applied).toHaveLength(VERSIONS);
    });
  });

  it('does not wait for ever for another `migrate`, and names its session', async () => {
    const lock = /const LOCK = ([\d_]+);/.exec(
      readFileSync(join(__dirname, '../../src/migrations/migrate.ts'), 'utf8'),
    )?.[1];
    await withSession(stack.databaseUrl, async ({ client, pid }) => {
      await client.query('select pg_advisory_lock($1)', [lock?.replaceAll('_', '')]);
      await expect(migrate(url, STATUS_VALUES, SHORT)).rejects.toMatchObject({
        code: 'DATABASE_BUSY',
        message: expect.stringMatching(new RegExp(`Another .*process ${pid} `)) as string,
      });
    });
  });
});

describe('migrations that the database refuses', () => {
  const changed = (change: (url: URL) => void): string => {
    const other = new URL(url);
    change(other);
    return other.href;
  };
  const refused = (other: string) => migrate(other, STATUS_VALUES, SHORT);

  it('for a wrong password name the cause, and do not quote the password', async () => {
    const failed = refused(changed((other) => (other.password = 'canary-not-the-password')));
    await expect(failed).rejects.toMatchObject({
      name: 'LegisyncError',
      code: 'DATABASE_REFUSED',
      message: expect.stringMatching(/the password in SUPABASE_DB_URL: (?!.*canary)/) as string,
    });
  });

  it('for a missing right name it, and the role to connect as', async () => {
    await stack.sql('alter table public.files_queue owner to supabase_admin');
    await expect(refused(url)).rejects.toMatchObject({
      code: 'DATABASE_REFUSED',
      message: expect.stringMatching(
        /belongs to supabase_admin.*postgres must be owner.*owner to "postgres".*Nothing was changed/,
      ) as string,
    });
  });

  it('for a right that the first statement lacks name the cause', async () => {
    await stack.sql('revoke create on database ' + new URL(url).pathname.slice(1) + ' from public');
    const other = changed((one) => (one.username = 'authenticator'));
    await expect(refused(other)).rejects.toMatchObject({ name: 'LegisyncError', code: 'DATABASE_REFUSED' });
  });

  it('for a database that does not exist name it', async () => {
    await expect(refused(changed((other) => (other.pathname = '/no_such_database')))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('no_such_database') as string,
    });
  });

  it('for a server that does not answer report that it cannot be reached', async () => {
    await expect(refused(changed((other) => (other.port = '1')))).rejects.toMatchObject({
      code: 'SUPABASE_UNREACHABLE',
      message: expect.stringMatching(/^SUPABASE_DB_URL: no connection: .*ECONNREFUSED.*:1/) as string,
      remedy: expect.stringContaining('SUPABASE_DB_URL') as string,
    });
  });

  it('for a name that is not known report that it cannot be reached', async () => {
    await expect(
      refused(changed((other) => (other.hostname = 'no-such-host.invalid'))),
    ).rejects.toMatchObject({
      code: 'SUPABASE_UNREACHABLE',
      message: expect.stringContaining('no-such-host.invalid') as string,
    });
  });

  it('for a URL without a password do not say that the server cannot be reached', async () => {
    await expect(refused(changed((other) => (other.password = '')))).rejects.toMatchObject({
      code: 'DATABASE_REFUSED',
      message: expect.stringContaining('password') as string,
    });
  });
});
