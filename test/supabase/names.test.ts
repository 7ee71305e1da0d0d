import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrate } from '../../src/migrations/migrate.ts';
import { definitions } from '../support/definitions.ts';
import { STATUS_VALUES } from '../support/servers.ts';
import { asPostgres, withSession } from '../support/sessions.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

const FOLDER = join(__dirname, '../../supabase');
const MIGRATIONS = readdirSync(join(FOLDER, 'migrations'))
  .sort()
  .map((file) => readFileSync(join(FOLDER, 'migrations', file), 'utf8'));
/** The last statements of every migration. */
const RIGHTS = readFileSync(join(FOLDER, 'schemas/rights/apply_rights.sql'), 'utf8');

let stack: SupabaseStack;
let url: string;

beforeEach(async () => {
  stack = await openSupabase({ bare: true });
  url = asPostgres(stack.databaseUrl);
});
afterEach(() => stack.close());

/** Runs statements as the project's role, as the SQL editor and `supabase db push` do. */
const run = (...statements: readonly string[]) =>
  withSession(url, async ({ client }) => {
    for (const statement of statements) await client.query(statement);
  });

/** Each role of the API that may call a function, and `public` if every role may. */
async function callers(signature: string): Promise<string[]> {
  const rows = await stack.sql<{ caller: string }>(
    `select r.name as caller from unnest(array['anon', 'authenticated', 'service_role']) r (name)
      where has_function_privilege(r.name, $1::regprocedure, 'execute')
     union all
     select 'public' from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      where p.oid = $1::regprocedure and a.grantee = 0
     order by 1`,
    [signature],
  );
  return rows.map(({ caller }) => caller);
}

describe('a function of the team’s that has a name of legisync’s', () => {
  const THEIRS = `create function public.legisync_claim_files(p_worker text, p_batch integer, p_lease_seconds integer)
    returns json language sql as $$ select '"theirs"'::json $$`;

  it.each([
    ['without a comment', THEIRS],
    [
      'with a comment of its own',
      `${THEIRS}; comment on function public.legisync_claim_files is 'Ours. Part of legisync.'`,
    ],
    [
      'with other parameters',
      'create function public.legisync_claim_files() returns text language sql as $$ select 1 $$',
    ],
    [
      'with a name that legisync does not use yet',
      `create function public.legisync_later() returns text language sql return ''`,
    ],
    ['that is a procedure', `create procedure public.legisync_later() language sql begin atomic end`],
  ])('%s stops the migrations before they change anything, and is left as it was', async (_what, ddl) => {
    await run(ddl.replace('select 1', `select ''::text`));
    const before = await definitions(stack);
    for (const sql of MIGRATIONS) {
      await expect(run(sql)).rejects.toMatchObject({
        code: 'P0001',
        message: expect.stringMatching(
          /^The schema public has functions that are not part of legisync, but have names.*: legisync_\w+\(.*\)\. Rename them .*Nothing was changed\.$/,
        ) as string,
      });
    }
    expect(await definitions(stack)).toEqual(before);
  });

  it('is named by `legisync migrate` as well, which then changes nothing', async () => {
    await run(THEIRS);
    const before = await definitions(stack);
    await expect(migrate(url, STATUS_VALUES)).rejects.toMatchObject({
      code: 'QUEUE_INCOMPATIBLE',
      message: expect.stringContaining('legisync_claim_files(') as string,
    });
    expect(await definitions(stack)).toEqual(before);
    await run(
      'alter function public.legisync_claim_files(text, integer, integer) rename to team_claim_files',
    );
    await migrate(url, STATUS_VALUES);
    expect(await stack.sql(`select public.team_claim_files('w', 1, 1) as answer`)).toEqual([
      { answer: 'theirs' },
    ]);
  });
});

describe('functions of the team’s in public', () => {
  /**
   * A function with the name and parameters that those for Workers had before they got a prefix.
   */
  const THEIRS = [
    `create function public.claim_files(p_worker text, p_batch integer, p_lease_seconds integer) returns text
       language sql as $$ select 'theirs'::text $$`,
    `create function public.dashboard() returns integer language sql as 'select 1'`,
    'create procedure public.nightly() language sql begin atomic end',
    `create function public.documented() returns integer language sql as 'select 1'`,
    `comment on function public.documented is 'Calls what is Part of legisync.'`,
    `create function public.restricted() returns integer language sql as 'select 1'`,
    'revoke execute on function public.restricted from public, anon',
    'grant execute on function public.restricted to authenticated',
  ];

  it('keep their text, their rights and their owners through all migrations, applied once and by force', async () => {
    await run(...THEIRS);
    const theirs = async () => {
      const all = await definitions(stack);
      return [...all].filter(([name]) =>
        /^function (public\.)?(claim_files|dashboard|nightly|documented|restricted)\(/.test(name),
      );
    };
    const before = await theirs();
    expect(before).toHaveLength(5);
    await migrate(url, STATUS_VALUES);
    expect(await theirs()).toEqual(before);
    await run(...MIGRATIONS);
    expect(await theirs()).toEqual(before);
    expect(await callers('public.dashboard()')).toEqual(['anon', 'authenticated', 'public', 'service_role']);
    expect(await callers('public.restricted()')).toEqual(['authenticated', 'service_role']);
  });
});

describe('a function that a later migration adds without grants', () => {
  beforeEach(() => migrate(url, STATUS_VALUES));

  it.each([
    [
      'function',
      `create function legisync.added(p_path text) returns text language sql return p_path`,
      'legisync.added(text)',
    ],
    ['procedure', 'create procedure legisync.added() language sql begin atomic end', 'legisync.added()'],
    [
      'aggregate',
      'create aggregate legisync.added(integer) (sfunc = int4pl, stype = integer)',
      'legisync.added(integer)',
    ],
  ])('to the schema legisync, a %s, can be called by nobody of the API', async (_kind, ddl, signature) => {
    await run(ddl);
    // PostgreSQL lets every role execute a new function.
    expect(await callers(signature)).toContain('public');
    await run(RIGHTS);
    expect(await callers(signature)).toEqual([]);
  });

  it('to public, with the comment, can be called by the service role alone; also after it was replaced', async () => {
    const added = [
      `create or replace function public.legisync_added() returns integer language sql as 'select 1'`,
      `comment on function public.legisync_added is 'Part of legisync. Added.'`,
    ];
    await run(...added);
    expect(await callers('public.legisync_added()')).toContain('anon');
    await run(RIGHTS);
    expect(await callers('public.legisync_added()')).toEqual(['service_role']);
    await run(...added, RIGHTS, RIGHTS);
    expect(await callers('public.legisync_added()')).toEqual(['service_role']);
  });

  it('loses what was granted to a role of the API by name', async () => {
    await run('grant usage on schema legisync to anon', 'grant execute on function legisync.is_file to anon');
    await run(RIGHTS);
    expect(await callers('legisync.is_file(text)')).toEqual([]);
  });

  it('keeps what a project has granted to its own role', async () => {
    await stack.sql('create role reporting');
    await run('grant execute on function public.legisync_insertion_rate to reporting', RIGHTS);
    expect(
      await stack.sql(
        `select has_function_privilege('reporting', 'public.legisync_insertion_rate()', 'execute') as may`,
      ),
    ).toEqual([{ may: true }]);
    await stack.sql('drop owned by reporting; drop role reporting');
  });
});

it('every migration ends with the rights, so that none can forget them', () => {
  for (const sql of MIGRATIONS) expect(sql).toContain(RIGHTS.trim());
});
