import { once } from 'node:events';
import { SignJWT } from 'jose';
import { JWT_SECRET, openGateway } from './gatewayHarness.ts';
import type { GatewayHarness } from './gatewayHarness.ts';

let stack: GatewayHarness;

beforeAll(async () => {
  stack = await openGateway();
  await stack.sql.query(`
    set role postgres;
    create table public.queue (
      id bigint generated always as identity primary key,
      path text not null unique,
      status text not null default 'pending',
      size int
    );
    create table public.closed (n int);
    grant select, insert, update on public.queue to service_role;

    create function public.echo(a int, b text default 'none') returns json language sql as
      $$ select json_build_object('a', a, 'b', b) $$;
    create function public.who() returns json language sql as
      $$ select json_build_object('role', current_user, 'timeout', current_setting('statement_timeout'),
                                  'lock', current_setting('lock_timeout'), 'claim', auth.role()) $$;
    create function public.text_value() returns text language sql as $$ select 'words' $$;
    create function public.many(n int) returns setof int language sql stable as $$ select generate_series(1, n) $$;
    create function public.pairs() returns table (x int, y text) language sql as $$ values (1, 'a'), (2, 'b') $$;
    create function public.nothing() returns void language plpgsql as $$ begin perform 1; end $$;
    create function public.writes() returns int language sql as
      $$ insert into public.queue (path) values ('vain') returning 1 $$;
    create function public.writes_in_vain() returns int language plpgsql stable as
      $$ begin return public.writes(); end $$;
    create function public.slow(seconds float) returns text language sql as
      $$ select pg_sleep(seconds)::text $$;
    create function public.slow_allowed(seconds float) returns text language sql set statement_timeout = '20s' as
      $$ select pg_sleep(seconds)::text $$;
    create function public.notifies_after_lock() returns void language plpgsql set statement_timeout = '60s' as
      $$ begin perform pg_advisory_xact_lock(4711); notify done; end $$;
    create function public.fails(state text) returns void language plpgsql as
      $$ begin raise exception 'as asked' using errcode = state; end $$;
    reset role;
    alter role service_role set statement_timeout = '1s';`);
});
// Roles belong to the cluster, but the cluster belongs to this file.
afterAll(() => stack.close());

const rest = (key?: string) => stack.client(key);

describe('rpc', () => {
  it('passes arguments by name, and uses defaults for the others', async () => {
    expect((await rest().rpc('echo', { a: 1, b: 'x' })).data).toEqual({ a: 1, b: 'x' });
    expect((await rest().rpc('echo', { a: 1 })).data).toEqual({ a: 1, b: 'none' });
  });

  it.each([
    ['text_value', 'words', 200],
    [
      'pairs',
      [
        { x: 1, y: 'a' },
        { x: 2, y: 'b' },
      ],
      200,
    ],
    ['nothing', null, 204],
  ])('answers the result of %s as PostgREST does', async (name, data, status) => {
    expect(await rest().rpc(name)).toMatchObject({ data, status, error: null });
  });

  it('silently cuts a set at 1,000 rows', async () => {
    const answer = await rest().rpc('many', { n: 1_500 });
    expect(answer.error).toBeNull();
    expect(answer.data).toHaveLength(1_000);
  });

  it.each([
    [
      'the service key',
      () => stack.gateway.serviceKey,
      { role: 'service_role', timeout: '1s', claim: 'service_role' },
    ],
    [
      'the secret key',
      () => stack.gateway.secretKey,
      { role: 'service_role', timeout: '1s', claim: 'service_role' },
    ],
    ['the anon key', () => stack.gateway.anonKey, { role: 'anon', timeout: '3s', claim: 'anon' }],
  ])('runs as the role of %s, with the timeouts of that role', async (_what, key, expected) => {
    expect((await rest(key()).rpc('who')).data).toEqual({ ...expected, lock: '8s' });
  });

  it('treats a call without a key as anon', async () => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${stack.gateway.url}/rest/v1/rpc/who`, {
      method: 'POST',
      headers,
      body: '{}',
    });
    expect(await response.json()).toMatchObject({ role: 'anon' });
  });

  it('applies the statement_timeout of a function before its call, and else that of the role', async () => {
    expect(await rest().rpc('slow', { seconds: 5 })).toMatchObject({ status: 500, error: { code: '57014' } });
    expect(await rest().rpc('slow_allowed', { seconds: 1.2 })).toMatchObject({ status: 200, error: null });
  });

  it('lets the statement continue when its client disconnects', async () => {
    await stack.sql.query('listen done; select pg_advisory_lock(4711)');
    const disconnect = new AbortController();
    const notified = once(stack.sql, 'notification');
    const running = rest().rpc('notifies_after_lock').abortSignal(disconnect.signal);
    const result = running.then((answer) => answer);
    await stack.until(`select count(*) > 0 as done from pg_stat_activity
                        where usename = 'authenticator' and wait_event = 'advisory'`);
    disconnect.abort();
    expect((await result).error?.message).toMatch(/AbortError/);
    await stack.sql.query('select pg_advisory_unlock(4711)');
    await notified;
  });
});

describe('a table', () => {
  beforeEach(() => stack.sql.query('truncate public.queue'));
  const queue = () => rest().from('queue');

  it('ignores duplicates, counts what was inserted and returns only that', async () => {
    await queue().insert({ path: 'a' });
    const ignore = { onConflict: 'path', ignoreDuplicates: true };
    const counted = await queue().upsert([{ path: 'a' }, { path: 'b' }], { ...ignore, count: 'exact' });
    expect(counted).toMatchObject({ status: 201, count: 1, data: null });
    const returned = await queue()
      .upsert([{ path: 'b' }, { path: 'c' }], ignore)
      .select('path');
    expect(returned).toMatchObject({ status: 201, data: [{ path: 'c' }] });
  });

  it('merges duplicates: 201 when a row is new, 200 when none is', async () => {
    const merge = { onConflict: 'path' };
    expect((await queue().upsert([{ path: 'a', size: 1 }], merge)).status).toBe(201);
    expect((await queue().upsert([{ path: 'a', size: 2 }], merge)).status).toBe(200);
    expect((await queue().select('size')).data).toEqual([{ size: 2 }]);
  });

  it('makes keys that only some rows have NULL, not the default', async () => {
    const rows = [{ path: 'a', status: 'x' }, { path: 'b' }];
    expect(await queue().insert(rows)).toMatchObject({ status: 400, error: { code: '23502' } });
  });

  it('selects, filters, orders, limits and counts', async () => {
    await queue().insert(['a', 'b', 'c', 'd,e'].map((path, size) => ({ path, size })));
    const page = await queue().select('p:path', { count: 'exact' }).gt('path', 'a').order('path').range(0, 1);
    expect(page).toMatchObject({ status: 206, count: 3, data: [{ p: 'b' }, { p: 'c' }] });
    const { data } = await queue()
      .select('path')
      .in('path', ['d,e', 'a'])
      .order('path', { ascending: false });
    expect(data).toEqual([{ path: 'd,e' }, { path: 'a' }]);
    expect((await queue().select('size').neq('path', 'a').gte('size', 1).lt('size', 3)).data).toHaveLength(2);
    expect((await queue().select('*', { count: 'exact', head: true })).count).toBe(4);
    expect(await queue().select('*', { count: 'exact' }).range(9, 10)).toMatchObject({
      error: { code: 'PGRST103' },
    });
  });

  it('never returns more than 1,000 rows', async () => {
    await queue().insert(Array.from({ length: 1_200 }, (_, n) => ({ path: `p${n}` })));
    expect((await queue().select('path').limit(1_100)).data).toHaveLength(1_000);
  });

  it('updates the rows of a filter, and refuses an update without one', async () => {
    await queue().insert([{ path: 'a' }, { path: 'b' }]);
    expect((await queue().update({ status: 'done' }).eq('path', 'a')).status).toBe(204);
    const { data } = await queue().update({ size: 5 }).eq('status', 'done').select('path,size').single();
    expect(data).toEqual({ path: 'a', size: 5 });
    const all = await queue().update({ status: 'done' });
    expect(all).toMatchObject({ status: 400, error: { code: '21000' } });
  });
});

describe('PostgREST answers', () => {
  const expired = async () =>
    new SignJWT({ role: 'service_role' })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('-1m')
      .sign(new TextEncoder().encode(JWT_SECRET));
  const merge = { onConflict: 'path' };
  const cases: [
    what: string,
    status: number,
    code: string,
    act: () => PromiseLike<{ status: number; error: unknown }>,
  ][] = [
    ['an unknown function', 404, 'PGRST202', () => rest().rpc('nofn', { p: 1 })],
    ['an unknown argument', 404, 'PGRST202', () => rest().rpc('echo', { a: 1, z: 1 })],
    ['an unknown table', 404, 'PGRST205', () => rest().from('nowhere').select()],
    ['an unknown column on writing', 400, 'PGRST204', () => rest().from('queue').insert({ nope: 1 })],
    ['an unknown column on reading', 400, '42703', () => rest().from('queue').select('nope')],
    [
      'a schema that is not exposed',
      406,
      'PGRST106',
      () => rest().schema('storage').from('objects').select(),
    ],
    [
      'no row for a single one',
      406,
      'PGRST116',
      () => rest().from('queue').select().eq('path', 'no').single(),
    ],
    [
      'a duplicate',
      409,
      '23505',
      () =>
        rest()
          .from('queue')
          .insert([{ path: 'twice' }, { path: 'twice' }]),
    ],
    [
      'a pair in a merge',
      500,
      '21000',
      () =>
        rest()
          .from('queue')
          .upsert([{ path: 'm' }, { path: 'm' }], merge),
    ],
    ['no unique key', 400, '42P10', () => rest().from('queue').upsert({ path: 'k' }, { onConflict: 'size' })],
    ['a wrong value', 400, '22P02', () => rest().from('queue').select().eq('size', 'many')],
    ['a missing grant', 403, '42501', () => rest().from('closed').select()],
    ['a missing grant of anon', 401, '42501', () => rest(stack.gateway.anonKey).from('queue').select()],
    ['a write in a stable function', 405, '25006', () => rest().rpc('writes_in_vain')],
    ['a raised exception', 400, 'P0001', () => rest().rpc('fails', { state: 'P0001' })],
    ['a status of its own', 418, 'PT418', () => rest().rpc('fails', { state: 'PT418' })],
    ['a deadlock', 500, '40P01', () => rest().rpc('fails', { state: '40P01' })],
    ['no memory', 503, '53200', () => rest().rpc('fails', { state: '53200' })],
    ['a key that is no JWT', 401, 'PGRST301', () => rest('garbage').from('queue').select()],
    [
      'an expired JWT',
      401,
      'PGRST303',
      async () =>
        rest(await expired())
          .from('queue')
          .select(),
    ],
    [
      'a delete, which it does not do',
      501,
      'NotImplemented',
      () => rest().from('queue').delete().eq('id', 1),
    ],
    ['an embedding, which it does not do', 501, 'NotImplemented', () => rest().from('queue').select('a(b)')],
  ];

  it.each(cases)('%s with %i %s', async (_what, status, code, act) => {
    expect(await act()).toMatchObject({ status, error: { code } });
  });

  it('a count of a missing table with no error at all, as supabase-js shows it', async () => {
    const answer = await rest().from('nowhere').select('*', { count: 'exact', head: true });
    expect(answer).toMatchObject({ error: null, count: null, status: 204 });
  });
});
