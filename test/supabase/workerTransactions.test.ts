import type { Client } from 'pg';
import { documentPath } from '../../src/contract/documents.ts';
import type { EnqueueResult } from '../../src/contract/collecting.ts';
import { idRange } from '../support/enumeration.ts';
import { batchOf, emptyTables, plantDue, putObject, queueRow } from '../support/queue.ts';
import { untilBlocked, withSession, type Session } from '../support/sessions.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

/**
 * The statements of docs/workers.md for a Worker that finishes several files in one transaction.
 */

const IDS = idRange(2);
const [FIRST = '', LAST = ''] = IDS.map((id) => documentPath('codes', id));
const BATCH = batchOf('codes', 1);
const FINISH = `update public.files_queue set status = 'processed', processed = true
  where file_path = $1 and status = 'processing'`;

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(async () => {
  await emptyTables(stack);
  await plantDue(stack, 'codes', IDS);
  for (const path of [FIRST, LAST]) await putObject(stack, path, 'old');
  await stack.supabase.catalogue.enqueue(BATCH, IDS, []);
  await stack.sql(`update public.files_queue set status = 'processing'`);
  for (const path of [FIRST, LAST]) await putObject(stack, path, 'new');
});
afterAll(() => stack.close());

const enqueue = (): Promise<EnqueueResult> => stack.supabase.catalogue.enqueue(BATCH, IDS, []);

/** Opens the session of a Worker, which detects a deadlock before the other side does. */
const withWorker = <T>(use: (session: Session) => Promise<T>): Promise<T> =>
  withSession(stack.databaseUrl, async (session) => {
    await session.client.query(`set deadlock_timeout = '10ms'`);
    await session.client.query('begin');
    return use(session);
  });
const finish = async (client: Client, ...paths: readonly string[]): Promise<number> => {
  let rows = 0;
  for (const path of paths) rows += (await client.query(FINISH, [path])).rowCount ?? 0;
  return rows;
};

/**
 * Expects that the new content is queued, whether the Worker finished the old one before or after.
 */
async function expectPending(): Promise<void> {
  for (const path of [FIRST, LAST]) {
    expect(await queueRow(stack, path)).toMatchObject({ status: 'pending', processed: false });
  }
}

describe('a Worker that finishes two files in one transaction beside legisync_enqueue_documents', () => {
  it('gets 40P01 if it updates the last one first, and succeeds when it repeats the transaction', async () => {
    await withWorker(async ({ client, pid }) => {
      const enqueued = await withSession(stack.databaseUrl, async (other) => {
        // Stops the enqueue just before it locks the rows.
        await other.client.query('begin');
        await other.client.query('select from public.files_queue where file_path = $1 for update', [FIRST]);
        const begun = enqueue();
        await untilBlocked(stack, other.pid);
        await finish(client, LAST);
        await other.client.query('commit');
        return { begun };
      });
      await untilBlocked(stack, pid);
      await expect(finish(client, FIRST)).rejects.toMatchObject({ code: '40P01' });
      await client.query('rollback');
      expect(await enqueued.begun).toMatchObject({ requeued: 2 });
      await client.query('begin');
      expect(await finish(client, LAST, FIRST)).toBe(2);
      await client.query('commit');
    });
    await expectPending();
  });

  it('makes that wait if it locks the rows first, in the order of their paths', async () => {
    await withWorker(async ({ client, pid }) => {
      await client.query(
        'select from public.files_queue where file_path = any ($1) order by file_path for update',
        [[LAST, FIRST]],
      );
      const enqueued = enqueue();
      await untilBlocked(stack, pid);
      expect(await finish(client, LAST, FIRST)).toBe(2);
      await client.query('commit');
      expect(await enqueued).toMatchObject({ requeued: 2 });
    });
    await expectPending();
  });

  it('makes that wait if it updates them in the order of their paths', async () => {
    await withWorker(async ({ client, pid }) => {
      await finish(client, FIRST);
      const enqueued = enqueue();
      await untilBlocked(stack, pid);
      await finish(client, LAST);
      await client.query('commit');
      expect(await enqueued).toMatchObject({ requeued: 2 });
    });
    await expectPending();
  });
});

describe('a polling Worker that repeats its last UPDATE', () => {
  const unconditional = `update public.files_queue set status = 'processed', processed = true where file_path = $1`;

  it('marks new content as processed that nobody has read, if the UPDATE has no condition', async () => {
    await stack.sql(unconditional, [FIRST]);
    await enqueue();
    expect(await queueRow(stack, FIRST)).toMatchObject({ status: 'pending' });
    await stack.sql(unconditional, [FIRST]);
    expect(await queueRow(stack, FIRST)).toMatchObject({ status: 'processed' });
  });

  it('changes nothing if the UPDATE requires the status that the Worker had set', async () => {
    await stack.sql(FINISH, [FIRST]);
    await enqueue();
    await stack.sql(FINISH, [FIRST]);
    expect(await queueRow(stack, FIRST)).toMatchObject({ status: 'pending', processed: false });
  });
});
