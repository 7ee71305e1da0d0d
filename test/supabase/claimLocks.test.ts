import { pollUntil } from '../../local/launcher/poll.ts';
import { claimsGrowOlder, pathsOf, plantRows, workerApi, type WorkerApi } from '../support/claims.ts';
import { untilBlocked, withSession } from '../support/sessions.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

let stack: SupabaseStack;
let api: WorkerApi;

beforeEach(async () => {
  stack = await openSupabase();
  api = workerApi(stack);
});
afterEach(() => stack.close());

const lock = 'select from public.files_queue where file_path = $1 for update';

/** Waits until `count` sessions wait for a lock. */
const untilWaiting = (sessions: number) =>
  pollUntil(
    async () => {
      const waiting = await stack.sql(
        'select from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0',
      );
      return waiting.length === sessions;
    },
    { everyMs: 10, timeoutMs: 60_000 },
  );

describe('claims, when several work on the same rows', () => {
  it('skip rows that another session has locked, and wait for none', async () => {
    await plantRows(stack, ['a', 'b', 'c']);
    await withSession(stack.databaseUrl, async ({ client }) => {
      await client.query('begin');
      await client.query(lock, ['a']);
      expect(pathsOf(await api.claim(2))).toEqual(['b', 'c']);
    });
    expect(pathsOf(await api.claim())).toEqual(['a']);
  });

  it('let two calls on the same files in opposite orders both end', async () => {
    await plantRows(stack, ['a', 'b']);
    const { token } = await api.claim();
    await withSession(stack.databaseUrl, async ({ client, pid }) => {
      await client.query('begin');
      await client.query(lock, ['b']);
      const completed = api.complete(token, ['b', 'a']);
      await untilBlocked(stack, pid);
      const failed = api.fail(token, ['a', 'b']);
      await untilWaiting(2);
      await client.query('commit');
      expect(await completed).toMatchObject({ completed: 2 });
      expect(await failed).toMatchObject({ refused: ['a', 'b'] });
    });
  });

  it('do not take back what its holder is completing at that moment', async () => {
    await plantRows(stack, ['a']);
    const { token } = await api.claim(1, 60);
    await claimsGrowOlder(stack, 61);
    await withSession(stack.databaseUrl, async ({ client }) => {
      await client.query('begin');
      await client.query(`select public.legisync_complete_files($1, '{a}')`, [token]);
      expect(await api.claim()).toMatchObject({ files: [] });
      await client.query('commit');
    });
    expect(await api.claim()).toMatchObject({ files: [] });
    expect(await stack.sql('select status, processed from public.files_queue')).toMatchObject([
      { status: 'processed', processed: true },
    ]);
  });

  it('have a holder wait while its file is taken back, and then refuse it', async () => {
    await plantRows(stack, ['a']);
    const { token } = await api.claim(1, 60);
    await claimsGrowOlder(stack, 61);
    await withSession(stack.databaseUrl, async ({ client, pid }) => {
      await client.query('begin');
      await client.query(`select public.legisync_claim_files('heir', 1, 60)`);
      const completed = api.complete(token, ['a']);
      await untilBlocked(stack, pid);
      await client.query('commit');
      expect(await completed).toMatchObject({ completed: 0, refused: ['a'] });
    });
    expect(await stack.sql('select holder, attempts from legisync.claims')).toMatchObject([
      { holder: 'heir', attempts: 2 },
    ]);
  });

  it('skip a lease that has ended if another session has locked its row', async () => {
    await plantRows(stack, ['a', 'b']);
    await api.claim(1, 60);
    await claimsGrowOlder(stack, 61);
    await withSession(stack.databaseUrl, async ({ client }) => {
      await client.query('begin');
      await client.query(lock, ['a']);
      expect(pathsOf(await api.claim())).toEqual(['b']);
    });
    expect((await api.claim()).files).toMatchObject([{ filePath: 'a', attempt: 2 }]);
  });

  it('take back in one call at a time, so that two callers cannot wait for each other', async () => {
    await plantRows(stack, ['never claimed', 'first', 'second']);
    const { token } = await api.claim();
    await api.release(token, ['never claimed']);
    await api.complete(token, ['first', 'second']);
    await stack.sql(`update public.files_queue set status = 'pending', processed = false`);
    const isOver = (path: string) =>
      stack.sql(`update legisync.claims set due_at = clock_timestamp() where file_path = $1`, [path]);

    await isOver('first');
    await withSession(stack.databaseUrl, async ({ client, pid }) => {
      await client.query('begin');
      // Forgets the claim of "first", and holds its lock until the commit.
      await client.query(`select public.legisync_claim_files('one', 1, 60)`);
      await isOver('second');
      // Would forget the claim of "second", and waits for that of "first".
      const two = api.claim(1, 60, 'two');
      await untilBlocked(stack, pid);
      // Takes the lock of "second".
      await client.query(`select public.legisync_claim_files('one', 1, 60)`);
      await client.query('commit');
      expect(pathsOf(await two)).toEqual(['first']);
    });
    const held = await stack.sql('select file_path, holder from legisync.claims order by 1');
    expect(held.map((row) => ({ ...row }))).toEqual([
      { file_path: 'first', holder: 'two' },
      { file_path: 'never claimed', holder: 'one' },
      { file_path: 'second', holder: 'one' },
    ]);
  });
});
