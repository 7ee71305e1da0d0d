import { passesOf, year } from '../support/passes.ts';
import { articleId, batchOf, emptyTables } from '../support/queue.ts';
import { untilBlocked, withSession } from '../support/sessions.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

/**
 * The last page of a source locks documents twice: first those that it changes, then those that the
 * source no longer lists. All other calls lock documents once, in the order of their ids. Here the
 * second set has the lower ids.
 */

const [A, B, C] = [articleId(1), articleId(2), articleId(3)];

let stack: SupabaseStack;
const passes = passesOf(() => stack);

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

/** The session that waits for a lock of `pid`. Undefined if `call` ends without a wait. */
async function waiterFor(pid: number, call: Promise<unknown>): Promise<number | undefined> {
  const ended = call.then(
    () => true,
    () => true,
  );
  for (;;) {
    const [waiter] = await stack.sql<{ pid: number }>(
      'select pid from pg_stat_activity where $1 = any (pg_blocking_pids(pid))',
      [pid],
    );
    if (waiter !== undefined) return waiter.pid;
    // The pause spares the processor.
    const wait = stack.sql('select pg_sleep(0.01)').then(() => false);
    if (await Promise.race([ended, wait])) return wait.then(() => undefined);
  }
}

/** Other calls that lock B and C, in this order. */
const OTHERS: Readonly<Record<string, () => Promise<unknown>>> = {
  'the end of a batch': () => stack.supabase.catalogue.enqueue(batchOf('codes', 7), [B, C], []),
  'a page of MAINTENANCE': () =>
    stack.supabase.catalogue.takeListed(
      batchOf('codes', 7, { workflow: 'maintenance:codes' }),
      's',
      [B, C].map((id) => ({ id, revision: 'r9' })),
      { page: 1, size: 50 },
      'trust',
    ),
};

it.each(Object.keys(OTHERS))(
  'the last page of a source, which marks what is absent, does not deadlock with %s',
  async (what) => {
    const before = year(2024, [A, B, C]);
    const after = year(2024, [C]);
    await passes.whole({ s: [before] });
    await stack.sql('update legisync.documents set next_attempt_at = now() where id = any ($1)', [[B, C]]);
    expect(await stack.supabase.catalogue.takeDocuments(batchOf('codes', 7), 10)).toEqual([B, C]);
    await passes.begin({ s: [after] });
    await passes.register(await passes.lease(after.key), after.ids, 'round');
    const slice = await passes.lease(after.key);

    await withSession(stack.databaseUrl, async ({ client, pid }) => {
      await client.query('begin');
      await client.query('select from legisync.documents where id = $1 for update', [A]);
      // Has locked C, whose signal has changed. It may wait for A, which is absent, or leave it for
      // later.
      const page = passes.register(slice, after.ids, 'round', 'r2');
      const waiter = await waiterFor(pid, page);
      const other = OTHERS[what]?.();
      // Has locked B, and waits for C.
      if (waiter !== undefined) await untilBlocked(stack, waiter);
      await client.query('commit');
      await expect(Promise.all([page, other])).resolves.toMatchObject([{ outcome: 'complete' }, {}]);
    });
    // No document is due. Only documents still to be marked keep the pass open.
    await stack.sql(`update legisync.documents set state = 'stored', next_attempt_at = null`);
    await passes.end();
    const marked = await stack.sql(
      'select id, absent_since from legisync.documents where id <> $1 order by id',
      [B],
    );
    expect(marked).toEqual([
      { id: A, absent_since: 2 },
      { id: C, absent_since: null },
    ]);
  },
);
