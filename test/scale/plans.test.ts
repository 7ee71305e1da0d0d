import { HOT_FUNCTIONS, plantAlike, readHot } from '../support/hotFunctions.ts';
import { nodesLike, WHOLE_TABLES, withAndWithout, withPlans, type Prevented } from '../support/plans.ts';
import { withSession } from '../support/sessions.ts';
import { openStack, type TestStack } from '../support/stack.ts';

/** Objects, rows and documents, each. */
const ROWS = 1_400_000;

let stack: TestStack;

beforeAll(async () => {
  stack = await openStack();
  await withSession(stack.databaseUrl, async ({ client }) => {
    await plantAlike(client, ROWS);
    await client.query('vacuum analyze');
  });
});
afterAll(() => stack.close());

describe(`the hot functions, with ${ROWS} rows`, () => {
  it.each(HOT_FUNCTIONS)('$name reads no table as a whole, and few pages', async (hot) => {
    const reading = await withPlans(stack, (client) => readHot(client, hot));
    expect(nodesLike(reading, WHOLE_TABLES)).toEqual([]);
    expect(reading.buffers).toBeLessThanOrEqual(hot.buffers);
    expect(reading.plans.length).toBeGreaterThan(1);
  });
});

describe('the settings of functions whose plans large tables alone show', () => {
  beforeAll(() =>
    stack.sql(`
      insert into legisync.backfill_runs (bucket_id, kind, grace, owner, phase) values ('b', 'queue', '15 minutes', 'o', 'queue')`),
  );

  it.each<Prevented>([
    {
      fn: 'compare',
      setting: 'enable_sort',
      node: /^Sort/,
      call: `select * from legisync.compare('b', '15 minutes')`,
    },
    {
      fn: 'backfill_insert',
      setting: 'enable_sort',
      node: /^Sort/,
      call: `select legisync.backfill_insert((select r from legisync.backfill_runs r), 'legifrance/cat0/LEGIARTI000001199999.json', null)`,
    },
  ])('$fn needs $setting = off: else $node', async (one) => {
    const { as, without } = await withPlans(stack, (client) => withAndWithout(client, one));
    expect(as).toEqual([]);
    expect(without).not.toEqual([]);
  });
});
