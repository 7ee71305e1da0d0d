import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrate } from '../../src/migrations/migrate.ts';
import { definitions } from '../support/definitions.ts';
import { STATUS_VALUES } from '../support/servers.ts';
import { asPostgres, withSession } from '../support/sessions.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

const FOLDER = join(__dirname, '../../supabase/migrations');
const FILES = readdirSync(FOLDER).sort();
const VERSIONS = FILES.map((file) => file.slice(0, 14));
const sqlOf = (file: string) => readFileSync(join(FOLDER, file), 'utf8');

interface Recorded {
  readonly version: string;
  readonly name: string;
  readonly statements: string[];
}

let stack: SupabaseStack;
let url: string;

beforeEach(async () => {
  stack = await openSupabase({ bare: true });
  url = asPostgres(stack.databaseUrl);
});
afterEach(() => stack.close());

const recorded = () =>
  stack.sql<Recorded>(
    'select version, name, statements from supabase_migrations.schema_migrations order by version',
  );
const settings = async () =>
  (
    await stack.sql(
      `select status_done, status_in_progress, status_failed, write_done, write_in_progress, write_failed, claim_attempts,
              grace::text, max_delete_percent from legisync.settings`,
    )
  ).map((row) => ({ ...row }));

/** Lets the last statement of one migration fail with an SQLSTATE, after everything that it makes. */
const stopBefore = (version: string, sqlState: string) =>
  stack.sql(`
    create schema if not exists supabase_migrations authorization postgres;
    create table if not exists supabase_migrations.schema_migrations (version text primary key, statements text[], name text);
    alter table supabase_migrations.schema_migrations owner to postgres;
    create or replace function supabase_migrations.refuse() returns trigger language plpgsql as $$
      begin raise exception 'injected' using errcode = '${sqlState}'; end $$;
    create or replace trigger refuse before insert on supabase_migrations.schema_migrations
      for each row when (new.version = '${version}') execute function supabase_migrations.refuse()`);

describe('the migrations', () => {
  it('are named as `supabase db push` wants them', () => {
    expect(FILES.length).toBeGreaterThan(0);
    for (const file of FILES) expect(file).toMatch(/^\d{14}_[a-z0-9_]+\.sql$/);
    expect(new Set(VERSIONS).size).toBe(FILES.length);
  });

  it('are applied as the role `postgres`, no superuser, which owns all that they make', async () => {
    expect(await migrate(url, STATUS_VALUES)).toEqual({ applied: VERSIONS, already: [] });
    const strangers = await stack.sql(
      `select rolname, rolsuper from pg_roles where rolname = 'postgres' and rolsuper
       union all
       select relname, true from pg_class
         where relnamespace in ('public'::regnamespace, 'legisync'::regnamespace) and relowner <> 'postgres'::regrole
       union all
       select proname, true from pg_proc
         where pronamespace in ('public'::regnamespace, 'legisync'::regnamespace) and proowner <> 'postgres'::regrole`,
    );
    expect(strangers).toEqual([]);
  });

  it('are recorded where `supabase db push` looks', async () => {
    await migrate(url, STATUS_VALUES);
    expect(await recorded()).toEqual(
      FILES.map((file) => ({
        version: file.slice(0, 14),
        name: file.slice(15, -'.sql'.length),
        statements: [sqlOf(file)],
      })),
    );
  });

  it('continue where `supabase db push` stopped', async () => {
    await withSession(url, async ({ client }) => {
      await client.query(`
        create schema supabase_migrations;
        create table supabase_migrations.schema_migrations (version text not null primary key, statements text[], name text)`);
      for (const file of FILES.slice(0, 3)) {
        await client.query(sqlOf(file));
        await client.query('insert into supabase_migrations.schema_migrations values ($1, $2, $3)', [
          file.slice(0, 14),
          [],
          file.slice(15, -4),
        ]);
      }
    });
    expect(await migrate(url, STATUS_VALUES)).toEqual({
      applied: VERSIONS.slice(3),
      already: VERSIONS.slice(0, 3),
    });
  });

  it('change nothing the second time, neither as recorded nor when each file is run again by force', async () => {
    await migrate(url, STATUS_VALUES);
    await stack.sql(`insert into public.files_queue (file_path, bucket_id, requeue) values ('a', 'b', true)`);
    const before = await definitions(stack);
    expect(before.size).toBeGreaterThan(50);

    expect(await migrate(url, STATUS_VALUES)).toEqual({ applied: [], already: VERSIONS });
    expect(await definitions(stack)).toEqual(before);

    const words = await settings();
    const rows = await stack.sql('select xmin, ctid, * from public.files_queue');
    await withSession(url, async ({ client }) => {
      for (const file of FILES) await client.query(sqlOf(file));
    });
    expect(await definitions(stack)).toEqual(before);
    expect(await settings()).toEqual(words);
    expect(await stack.sql('select xmin, ctid, * from public.files_queue')).toEqual(rows);
  });

  it('may be started by two at once: one applies, the other finds them there', async () => {
    const reports = await Promise.all([migrate(url, STATUS_VALUES), migrate(url, STATUS_VALUES)]);
    expect(reports.map(({ applied }) => applied.length).sort()).toEqual([0, FILES.length]);
  });

  it('write the settings, and find the status values, each time they are run', async () => {
    await migrate(url, STATUS_VALUES);
    const changed = {
      statusDone: ['fini', 'echec'],
      statusInProgress: ['en_cours'],
      statusFailed: ['echec'],
      claimAttempts: 7,
      graceSeconds: 60,
      maxDeletePercent: 100,
    };
    await migrate(url, changed);
    expect(await settings()).toEqual([
      {
        status_done: ['fini', 'echec'],
        status_in_progress: ['en_cours'],
        status_failed: ['echec'],
        write_done: 'fini',
        write_in_progress: 'en_cours',
        write_failed: 'echec',
        claim_attempts: 7,
        grace: '00:01:00',
        max_delete_percent: 100,
      },
    ]);
  });

  it.each(VERSIONS)('continue with %s after it failed, of which nothing is kept', async (version) => {
    const failing = VERSIONS.indexOf(version);
    const done = VERSIONS.slice(0, failing);
    // Everything before the failing one is applied first, to compare with.
    await stopBefore(version, '40001');
    await expect(migrate(url, STATUS_VALUES)).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    const before = await definitions(stack);

    await stopBefore(version, '42809');
    const attempt = migrate(url, STATUS_VALUES);
    await expect(attempt).rejects.toMatchObject({
      code: 'DATABASE_INCOMPATIBLE',
      message: `Migration ${FILES[failing] ?? '?'}, which was rolled back, failed: injected.`,
    });
    await expect(attempt).rejects.toMatchObject({ remedy: expect.not.stringContaining('bug') as string });
    expect(await definitions(stack)).toEqual(before);
    expect((await recorded()).map((row) => row.version)).toEqual(done);

    await stack.sql('drop function supabase_migrations.refuse cascade');
    expect(await migrate(url, STATUS_VALUES)).toEqual({ applied: VERSIONS.slice(failing), already: done });
  });
});

describe('`supabase/config.toml`', () => {
  const config = readFileSync(join(FOLDER, '../config.toml'), 'utf8');

  it('names a project, the major version of Postgres, and does not show our schema at the API', () => {
    expect(config).toMatch(/^project_id = "[a-z]+"$/m);
    expect(config).toMatch(/^\[db\]\n(#.*\n)*major_version = 1\d$/m);
    expect(/^schemas = (.+)$/m.exec(config)?.[1]).toBe('["public"]');
  });
});
