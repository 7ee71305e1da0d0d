import { Client } from 'pg';
import { emptyTables } from '../support/queue.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

/**
 * PostgreSQL searches `pg_temp` first for types and tables, unless the search_path names it. A
 * session that may create temporary objects can create a type there with a name that a function
 * uses. A cast to that type runs a check that the session has written, with the rights of the
 * function's owner.
 */

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
});
afterAll(() => stack.close());

/**
 * Types that bodies of our functions name. The grammar itself knows `integer`, `boolean` and the
 * like.
 */
const TYPES = ['text', 'json', 'jsonb', 'uuid', 'name', 'timestamptz', 'regclass'];

/** Tables that our functions read, and the rows that a trigger is given. */
const RELATIONS = ['files_queue', 'settings', 'claims', 'objects', 'gone', 'pg_class', 'pg_proc'];

/**
 * Temporary objects by which a session gets its own function called, which reports the role that it
 * runs as.
 */
const TRAP = `
  create function pg_temp.whoami() returns boolean language plpgsql as
    $$ begin raise notice 'runs as %', current_user; return true; end $$;
  ${TYPES.map((type) => `create domain pg_temp."${type}" as pg_catalog.${type} check (pg_temp.whoami());`).join(' ')}
  ${RELATIONS.map((name) => `create view pg_temp.${name} as select 'x'::pg_catalog.text as file_path where pg_temp.whoami();`).join(' ')}`;

/** A login with one right on the queue, and a statement that fires a trigger. */
const STATEMENTS = {
  delete: 'delete from public.files_queue',
  update: `update public.files_queue set status = 'processed', processed = true`,
  truncate: 'truncate public.files_queue',
} as const;
type Right = keyof typeof STATEMENTS;

/** The role that the login's function ran as, and the result of its statement. */
interface Attack {
  readonly ranAs: readonly string[];
  readonly end: string;
}

/** Runs a statement as a login that has only this right and the temporary objects. */
async function attack(right: Right): Promise<Attack> {
  await emptyTables(stack);
  const url = new URL(stack.databaseUrl);
  url.username = `may_${right}${url.pathname.slice(-12)}`;
  await stack.sql(`
    insert into public.files_queue (file_path, bucket_id, requeue) values ('theirs', 'b', true), ('other', 'b', true);
    create role ${url.username} login password '${decodeURIComponent(url.password)}';
    grant usage on schema public to ${url.username};
    grant ${right} on public.files_queue to ${url.username};
    create policy theirs on public.files_queue to ${url.username} using (file_path = 'theirs')`);
  const client = new Client({ connectionString: url.href });
  const ranAs = new Set<string>();
  client.on('notice', ({ message = '' }) => {
    if (message.startsWith('runs as ')) ranAs.add(message.slice('runs as '.length));
  });
  try {
    await client.connect();
    await client.query(TRAP);
    const end = await client.query(STATEMENTS[right]).then(
      ({ rowCount }) => `${rowCount ?? 0} row`,
      (error: unknown) => (error instanceof Error ? error.message : ''),
    );
    ranAs.delete(url.username);
    return { ranAs: [...ranAs], end };
  } finally {
    await client.end();
    await stack.sql(`drop owned by ${url.username}; drop role ${url.username}`);
  }
}

describe('a login with one right on files_queue, and types and relations of its own in pg_temp', () => {
  it.each<[Right, RegExp]>([
    ['delete', /^1 row$/],
    ['update', /^1 row$/],
    ['truncate', /^TRUNCATE is refused/],
  ])('that may %s cannot have its function run as anybody else', async (right, end) => {
    expect(await attack(right)).toEqual({ ranAs: [], end: expect.stringMatching(end) as string });
  });

  it.each<[Right, string]>([
    ['delete', 'legisync.has_witness()'],
    ['update', 'legisync.keep_requeue()'],
  ])(
    'that may %s would run it as postgres if %s searched pg_temp first, so the test can fail',
    async (right, fn) => {
      await stack.sql(`alter function ${fn} set search_path = ''`);
      try {
        expect((await attack(right)).ranAs).toEqual(['postgres']);
      } finally {
        await stack.sql(`alter function ${fn} set search_path = pg_catalog, pg_temp`);
      }
    },
  );
});

interface Walked {
  readonly signature: string;
  /** `parsed`: a SQL-standard body, whose names were all resolved at creation. */
  readonly body: 'parsed' | 'text';
  readonly settings: readonly string[];
  readonly definer: boolean;
}

it('a relation that is not named by its schema would be the one in pg_temp, so the test can fail', async () => {
  const [source] = await stack.sql<{ ddl: string }>(
    `select pg_get_functiondef('legisync.has_witness()'::regprocedure) as ddl`,
  );
  const ddl = source?.ddl ?? '';
  await stack.sql(ddl.replaceAll('public.files_queue', 'files_queue'));
  try {
    expect((await attack('delete')).ranAs).toEqual(['postgres']);
  } finally {
    await stack.sql(ddl);
  }
});

/**
 * Is expanded in the queries that call it, so their search_path applies; one of its own would
 * prevent that. All its names are qualified.
 */
const EXPANDED = 'legisync.current_objects()';

describe('the functions of legisync', () => {
  let functions: readonly Walked[];

  beforeAll(async () => {
    functions = await stack.sql<Walked & Record<string, unknown>>(
      `select p.oid::regprocedure::text as signature, coalesce(p.proconfig, '{}') as settings, p.prosecdef as definer,
              case when p.prosqlbody is null then 'text' else 'parsed' end as body
         from pg_proc p
        where p.pronamespace in ('legisync'::regnamespace, 'public'::regnamespace) order by 1`,
    );
  });
  const pathOf = ({ settings }: Walked) => settings.filter((one) => one.startsWith('search_path='));

  it('are found by the walk, of either kind', () => {
    expect(functions.filter(({ body }) => body === 'text').length).toBeGreaterThan(60);
    expect(functions.filter(({ body }) => body === 'parsed').length).toBeGreaterThan(15);
  });

  it('search pg_temp last if names are resolved when the function runs', () => {
    for (const one of functions.filter(({ body }) => body === 'text')) {
      if (one.signature === EXPANDED) continue;
      expect([one.signature, pathOf(one)]).toEqual([one.signature, ['search_path=pg_catalog, pg_temp']]);
    }
  });

  it('have no setting if they must be expanded', () => {
    expect(functions.find(({ signature }) => signature === EXPANDED)?.settings).toEqual([]);
  });

  it('have no setting if all names were resolved at creation: it would prevent inlining', () => {
    for (const one of functions.filter(({ body, definer }) => body === 'parsed' && !definer)) {
      expect([one.signature, one.settings]).toEqual([one.signature, []]);
    }
    for (const one of functions.filter(({ body }) => body === 'parsed')) {
      expect([one.signature, pathOf(one)]).toEqual([one.signature, []]);
    }
  });
});
