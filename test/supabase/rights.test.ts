import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { SignJWT } from 'jose';
import { JWT_SECRET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

interface OurFunction {
  readonly signature: string;
  readonly name: string;
  readonly schema: string;
  readonly definer: boolean;
  readonly settings: string[] | null;
  /** A SQL-standard body. It was parsed at creation, so it uses no search_path. */
  readonly parsed: boolean;
  readonly comment: string | null;
  readonly args: string[];
  readonly anon: boolean;
  readonly authenticated: boolean;
  readonly service: boolean;
  readonly everybody: boolean;
}

interface Grant {
  readonly object: string;
  readonly role: string;
  readonly may: boolean;
}

let stack: SupabaseStack;
let functions: readonly OurFunction[];
let clients: Record<'anon' | 'authenticated' | 'service', SupabaseClient>;

const OUTSIDERS = ['anon', 'authenticated'] as const;

beforeAll(async () => {
  stack = await openSupabase();
  // An empty project has no functions in `public`, so all of them are ours.
  functions = await stack.sql<OurFunction>(
    `select p.oid::regprocedure::text as signature, p.proname as name, n.nspname as schema,
            p.prosecdef as definer, p.proconfig as settings, p.prosqlbody is not null as parsed,
            obj_description(p.oid, 'pg_proc') as comment,
            coalesce(p.proargnames, '{}') as args,
            has_function_privilege('anon', p.oid, 'execute') as anon,
            has_function_privilege('authenticated', p.oid, 'execute') as authenticated,
            has_function_privilege('service_role', p.oid, 'execute') as service,
            exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0) as everybody
       from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('public', 'legisync')
      order by 1`,
  );
  const client = (key: string) => createClient(stack.gateway.url, key, { auth: { persistSession: false } });
  const user = await new SignJWT({ role: 'authenticated', sub: '6f2f0a52-6f0e-4b5e-8d0a-5f7a4f1f1c11' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(JWT_SECRET));
  clients = {
    anon: client(stack.gateway.anonKey),
    authenticated: client(user),
    service: client(stack.gateway.serviceKey),
  };
});
afterAll(() => stack.close());

const rpcs = () => functions.filter(({ schema }) => schema === 'public');
const nulls = ({ args }: OurFunction) => Object.fromEntries(args.map((name) => [name, null]));

describe('the functions of ours', () => {
  it('are there: the walk below does not walk past an empty catalog', () => {
    expect(rpcs().length).toBeGreaterThanOrEqual(30);
    expect(functions.filter(({ schema }) => schema === 'legisync').length).toBeGreaterThanOrEqual(80);
  });

  it('are executed by the service role alone in `public`, and by no role in `legisync`', () => {
    const rights = functions.map(({ signature, anon, authenticated, service, everybody }) => ({
      signature,
      anon,
      authenticated,
      service,
      everybody,
    }));
    expect(rights).toEqual(
      functions.map(({ signature, schema }) => ({
        signature,
        anon: false,
        authenticated: false,
        service: schema === 'public',
        everybody: false,
      })),
    );
  });

  it('have a search_path of schemas that no other role can write to, pg_temp last; and those with a parsed body have none', () => {
    for (const { signature, settings, parsed } of functions) {
      const paths = (settings ?? []).filter((one) => one.startsWith('search_path='));
      // current_objects() is expanded in its callers, and all its names are qualified.
      const none = parsed || signature === 'legisync.current_objects()';
      expect([signature, paths]).toEqual([signature, none ? [] : ['search_path=pg_catalog, pg_temp']]);
    }
  });

  it('run, in the API, as their owner, with a statement timeout below the client’s deadline, and say whose they are', () => {
    for (const { signature, definer, settings, comment } of rpcs()) {
      expect([signature, definer]).toEqual([signature, true]);
      const timeout = settings?.find((one) => one.startsWith('statement_timeout='));
      expect([signature, timeout]).toEqual([signature, expect.stringMatching(/=(20|30)s$/)]);
      expect([signature, comment]).toEqual([signature, expect.stringMatching(/^Part of legisync\. ./)]);
      expect(signature).toMatch(/^legisync_/);
    }
  });

  it.each(OUTSIDERS)('refuse %s at the API', async (role) => {
    for (const one of rpcs()) {
      const { error } = await clients[role].rpc(one.name, nulls(one));
      expect([one.name, error?.code, error?.message]).toEqual([
        one.name,
        '42501',
        `permission denied for function ${one.name}`,
      ]);
    }
  });

  it('let the service role in', async () => {
    for (const one of rpcs()) {
      const { error } = await clients.service.rpc(one.name, nulls(one));
      // All arguments are null: some functions refuse the values, none refuses the caller.
      expect([one.name, error?.code ?? 'done']).toEqual([
        one.name,
        expect.not.stringMatching(/^(42501|PGRST)/),
      ]);
    }
  });
});

describe('the tables of ours', () => {
  it('give the API’s roles nothing, but for the service role and the queue', async () => {
    const grants = await stack.sql<Grant>(
      `select c.oid::regclass::text as object, r.role,
              case c.relkind
                when 'S' then has_sequence_privilege(r.role, c.oid, 'usage, select, update')
                else has_table_privilege(r.role, c.oid, 'select, insert, update, delete, truncate, references, trigger')
                  or has_any_column_privilege(r.role, c.oid, 'select, insert, update, references')
              end as may
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
         cross join unnest('{anon,authenticated,service_role}'::text[]) as r (role)
        where n.nspname in ('public', 'legisync') and c.relkind in ('r', 'p', 'v', 'm', 'S')
        order by 1, 2`,
    );
    expect(grants.length).toBeGreaterThanOrEqual(21);
    expect(grants.filter(({ may }) => may)).toEqual([
      { object: 'files_queue', role: 'service_role', may: true },
    ]);
  });

  it('are in a schema that no role of the API may use', async () => {
    const schema = await stack.sql<{ role: string; may: boolean }>(
      `select role, has_schema_privilege(role, 'legisync', 'usage, create') as may
         from unnest('{anon,authenticated,service_role}'::text[]) as role`,
    );
    expect(schema.filter(({ may }) => may)).toEqual([]);
  });

  it.each(OUTSIDERS)('refuse %s the queue at the API, to read and to write', async (role) => {
    const queue = clients[role].from('files_queue');
    const row = { file_path: 'legifrance/codes/x.json', bucket_id: 'b' };
    for (const { error } of [
      await queue.select('*'),
      await queue.insert(row),
      await queue.update({ status: 'processed' }).eq('file_path', row.file_path),
    ]) {
      expect(error).toMatchObject({ code: '42501', message: 'permission denied for table files_queue' });
    }
  });

  it('have row security on the queue, as every table of `public` should', async () => {
    const [row] = await stack.sql<{ on: boolean }>(
      `select relrowsecurity as on from pg_class where oid = 'public.files_queue'::regclass`,
    );
    expect(row).toEqual({ on: true });
  });

  it('serve a Worker that connects with the service key', async () => {
    const queue = clients.service.from('files_queue');
    const row = { file_path: 'legifrance/codes/worker.json', bucket_id: 'b' };
    expect((await queue.insert(row)).error).toBeNull();
    expect((await queue.update({ status: 'processed' }).eq('file_path', row.file_path)).error).toBeNull();
    const { data } = await queue.select('status').eq('file_path', row.file_path);
    expect(data).toEqual([{ status: 'processed' }]);
  });
});
