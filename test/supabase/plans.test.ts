import { HOT_FUNCTIONS, plantAlike, readHot } from '../support/hotFunctions.ts';
import { nodesLike, WHOLE_TABLES, withAndWithout, withPlans, type Prevented } from '../support/plans.ts';
import { withSession } from '../support/sessions.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

/** Filled in a few seconds. `npm run test:scale` has 1.4 million rows and the same bounds. */
const ROWS = 24_000;

/** Statistics of the tables as they are, or as they were while empty, as after a restore. */
describe.each(['right', 'of empty tables'])(
  'the hot functions, with statistics that are %s',
  (statistics) => {
    let stack: SupabaseStack;

    beforeAll(async () => {
      stack = await openSupabase();
      await withSession(stack.databaseUrl, async ({ client }) => {
        await client.query('analyze');
        await plantAlike(client, ROWS);
        if (statistics === 'right') await client.query('vacuum analyze');
      });
    });
    afterAll(() => stack.close());

    it.each(HOT_FUNCTIONS)('$name reads no table as a whole, and few pages', async (hot) => {
      const reading = await withPlans(stack, (client) => readHot(client, hot));
      const whole = reading.plans.filter(
        (plan) => nodesLike({ ...reading, plans: [plan] }, WHOLE_TABLES).length > 0,
      );
      expect(whole).toEqual([]);
      expect(reading.buffers).toBeLessThanOrEqual(hot.buffers);
      // The list has the call itself and the statements in it. An empty list would prove nothing.
      expect(reading.plans.length).toBeGreaterThan(1);
    });
  },
);

const STATISTICS = ['right', 'of empty tables', 'of an empty queue'] as const;
type Statistics = (typeof STATISTICS)[number];

interface Told extends Prevented {
  readonly statistics: Statistics;
}

const SIZE = ROWS / 4;
const RUN = '(select r from legisync.backfill_runs r)';

/** The functions with such settings, and a call of each. */
const CALLS: Readonly<Record<string, string>> = {
  next_objects: `select * from legisync.next_objects('b', '', ${SIZE})`,
  next_paths: `select * from legisync.next_paths('', ${SIZE})`,
  next_missing: `select * from legisync.next_missing(${RUN}, ${SIZE})`,
  backfill_verify: `select legisync.backfill_verify(${RUN}, ${SIZE})`,
  backfill_sizes: `select legisync.backfill_sizes(${RUN}, ${SIZE})`,
  list_missing: `select legisync.list_missing('b', '15 minutes', 20)`,
  list_dangling: `select legisync.list_dangling('b', '15 minutes', 20)`,
  list_stale: `select legisync.list_stale('b', '15 minutes', 20)`,
  mark_absent_documents: `select legisync.mark_absent_documents('cat1', 1, 's', '', array(select generate_series(1, 40)))`,
};
const prevented = (fn: string, setting: string, statistics: Statistics, node: RegExp): Told => ({
  fn,
  setting,
  statistics,
  node,
  call: CALLS[fn] ?? '',
});

const PREVENTED: readonly Told[] = [
  prevented('next_objects', 'enable_sort', 'of empty tables', /^Sort/),
  prevented('next_paths', 'enable_sort', 'of empty tables', /^Sort/),
  prevented('next_missing', 'enable_sort', 'of empty tables', /^Sort|^Hash Join/),
  prevented('next_missing', 'enable_nestloop', 'of empty tables', /^Nested Loop/),
  prevented('backfill_verify', 'enable_sort', 'of empty tables', /^Sort|^Hash Join/),
  prevented('backfill_verify', 'enable_nestloop', 'of empty tables', /^Nested Loop/),
  prevented('backfill_sizes', 'enable_sort', 'of empty tables', /^Sort/),
  prevented('backfill_sizes', 'enable_nestloop', 'of empty tables', /^Nested Loop/),
  prevented('list_missing', 'enable_sort', 'right', /^Sort/),
  prevented('list_missing', 'enable_nestloop', 'of empty tables', /^Nested Loop/),
  prevented('list_dangling', 'enable_sort', 'right', /^Sort/),
  prevented('list_dangling', 'enable_nestloop', 'of an empty queue', /^Nested Loop/),
  prevented('list_stale', 'enable_mergejoin', 'right', /^Merge Join/),
  prevented('list_stale', 'enable_nestloop', 'right', /^Nested Loop/),
  prevented('mark_absent_documents', 'enable_nestloop', 'of empty tables', /^Nested Loop/),
];

describe('the settings of functions that close plans to the planner', () => {
  const stacks = new Map<Statistics, SupabaseStack>();

  beforeAll(async () => {
    for (const statistics of STATISTICS) {
      const stack = await openSupabase();
      stacks.set(statistics, stack);
      await withSession(stack.databaseUrl, async ({ client }) => {
        await client.query('analyze');
        await plantAlike(client, ROWS);
        await client.query(`
          insert into legisync.backfill_runs (bucket_id, kind, grace, owner, phase) values ('b', 'queue', '15 minutes', 'o', 'queue');
          insert into legisync.listing_documents (slice, round, id)
            select 1 + row_number() over (order by id) % 40, 1, id from legisync.documents where category = 'cat1'`);
        if (statistics === 'right') await client.query('analyze');
        if (statistics === 'of an empty queue') await client.query('vacuum analyze storage.objects');
      });
    }
  });
  afterAll(async () => {
    for (const stack of stacks.values()) await stack.close();
  });

  it.each(PREVENTED)('$fn needs $setting = off: else, with statistics $statistics, $node', async (one) => {
    const stack = stacks.get(one.statistics);
    if (stack === undefined) throw new Error('no stack');
    const { as, without } = await withPlans(stack, (client) => withAndWithout(client, one));
    expect(as).toEqual([]);
    expect(without).not.toEqual([]);
  });

  it('are these, and no others', async () => {
    const stack = stacks.get('right');
    const settings = await stack?.sql<{ fn: string; setting: string }>(
      `select proname as fn, split_part(s, '=', 1) as setting from pg_proc, unnest(proconfig) s
       where s like 'enable\\_%' and (pronamespace = 'legisync'::regnamespace or proname like 'legisync\\_%') order by 1, 2`,
    );
    const told = [...PREVENTED.map(({ fn, setting }) => ({ fn, setting })), ...AT_SCALE];
    const sorted = told.map(({ fn, setting }) => `${fn} ${setting}`).sort();
    expect(settings?.map(({ fn, setting }) => `${fn} ${setting}`).sort()).toEqual(sorted);
  });
});

/**
 * Tested by test/scale/plans.test.ts: PostgreSQL chooses the prevented plan for large tables only.
 */
const AT_SCALE = [
  { fn: 'compare', setting: 'enable_sort' },
  { fn: 'backfill_insert', setting: 'enable_sort' },
];
