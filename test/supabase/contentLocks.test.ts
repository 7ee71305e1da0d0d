import { documentPath } from '../../src/contract/documents.ts';
import { articleId, batchOf, emptyTables, plantDue, putObject, queueRow } from '../support/queue.ts';
import { untilBlocked, withSession, type Session } from '../support/sessions.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

const IDS = [articleId(1), articleId(2), articleId(3)] as const;
const [X, Y, Z] = IDS.map((id) => documentPath('codes', id)) as [string, string, string];

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

/** Adds a row with an older content than its file. */
const insertOld = (...paths: readonly string[]) =>
  stack.sql(
    `insert into public.files_queue (file_path, bucket_id, content_sha256, created_at, content_at)
     select path, $1, 'v1:old', now() - interval '1 day', now() - interval '1 day' from unnest($2::text[]) path`,
    [BUCKET, paths],
  );

/** The session that waits for a lock of session `pid`. */
async function waiterFor({ pid }: Session): Promise<number> {
  await untilBlocked(stack, pid);
  const [waiter] = await stack.sql<{ pid: number }>(
    'select pid from pg_stat_activity where $1 = any (pg_blocking_pids(pid))',
    [pid],
  );
  return waiter?.pid ?? 0;
}

const lend = <T>(use: (session: Session) => Promise<T>): Promise<T> => withSession(stack.databaseUrl, use);

it('an enqueue does not deadlock with a repair when a row is deleted and inserted again meanwhile', async () => {
  for (const path of [X, Y, Z]) await putObject(stack, path, 'new');
  await plantDue(stack, 'codes', IDS);
  await stack.supabase.catalogue.takeDocuments(batchOf('codes', 1), 3);
  await insertOld(X, Y, Z);

  await lend((one) =>
    lend(async (two) => {
      // The enqueue has found row X, and waits for the end of the deletion of row Y.
      await one.client.query('begin');
      await one.client.query('update public.files_queue set file_size = 1 where file_path = $1', [Y]);
      await two.client.query('begin');
      await two.client.query('select from public.files_queue where file_path = $1 for update', [Z]);
      const enqueue = stack.supabase.catalogue.enqueue(batchOf('codes', 1), IDS, []);
      const enqueuer = await waiterFor(one);
      await stack.sql('delete from public.files_queue where file_path = $1', [X]);
      // It has locked Y, and waits for Z. Row X does not exist, so it is not locked.
      await one.client.query('rollback');
      await untilBlocked(stack, two.pid);
      await insertOld(X);
      // The repair has locked X, and waits for Y.
      const repair = stack.supabase.coherence.repairStale({
        bucket: BUCKET,
        graceSeconds: 0,
        after: '',
        size: 100,
        dryRun: false,
      });
      await untilBlocked(stack, enqueuer);
      await two.client.query('rollback');
      const [queued, repaired] = await Promise.all([enqueue, repair]);
      expect(queued).toMatchObject({ queued: 0, missing: [], lost: [] });
      expect(queued.requeued + repaired.pendingAgain + repaired.requeued).toBe(3);
    }),
  );
  for (const path of [X, Y, Z]) {
    expect(await queueRow(stack, path)).toMatchObject({ status: 'pending', requeue: true });
    expect((await queueRow(stack, path))?.content_sha256).not.toBe('v1:old');
  }
});
