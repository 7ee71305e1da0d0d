import { documentPath } from '../../src/contract/documents.ts';
import { articleId, batchOf, emptyTables, hashOf, plantDue, putObject, queueRow } from '../support/queue.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';
import { untilBlocked, untilWaiting, withSession } from '../support/sessions.ts';

const ID = articleId(1);
const PATH = documentPath('codes', ID);

// Exactly what polling Workers send. They do not know `requeue`.
const CLAIM = `update files_queue set status = 'processing' where file_path = $1`;
const FINISH = `update files_queue set status = 'processed', processed = true where file_path = $1`;
const FAIL = `update files_queue set status = 'failed' where file_path = $1`;
const GIVE_BACK = `update files_queue set status = 'pending' where file_path = $1`;
const FLAG_ONLY = `update files_queue set processed = true where file_path = $1`;

let stack: SupabaseStack;
let sequence = 0;

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(async () => {
  await emptyTables(stack);
  await plantDue(stack, 'codes', [ID]);
  await content('first');
});
afterAll(() => stack.close());

const worker = (sql: string) => stack.sql(sql, [PATH]);

/** Uploads this content, and returns the batch that will enqueue it. */
async function upload(text: string) {
  await stack.sql(`update legisync.documents set next_attempt_at = clock_timestamp() - interval '1 s'`);
  const batch = batchOf('codes', (sequence += 1));
  expect(await stack.supabase.catalogue.takeDocuments(batch, 1)).toEqual([ID]);
  await putObject(stack, PATH, text);
  return batch;
}

const content = async (text: string) => stack.supabase.catalogue.enqueue(await upload(text), [ID], []);

async function standsAt(status: string, processed: boolean, requeue: boolean): Promise<void> {
  expect(await queueRow(stack, PATH)).toMatchObject({ status, processed, requeue });
}

describe('invariant 5, a Worker’s work is never undone or skipped', () => {
  it('leaves a row with its Worker when the content changes, and makes it pending again once', async () => {
    await worker(CLAIM);
    expect(await content('second')).toMatchObject({ requeued: 1 });
    await standsAt('processing', false, true);
    await worker(FINISH);
    await standsAt('pending', false, false);
    await worker(CLAIM);
    await worker(FINISH);
    await standsAt('processed', true, false);
  });

  it('lets a Worker that claims after the change finish: it read the new content', async () => {
    await content('second');
    await standsAt('pending', false, true);
    await worker(CLAIM);
    await standsAt('processing', false, false);
    await worker(FINISH);
    await standsAt('processed', true, false);
  });

  it('gives the file once more to a Worker that goes from pending to processed in one step', async () => {
    await content('second');
    await worker(FINISH);
    await standsAt('pending', false, false);
    await worker(FINISH);
    await standsAt('processed', true, false);
  });

  it('takes "failed" for an end as well', async () => {
    await worker(CLAIM);
    await content('second');
    await worker(FAIL);
    await standsAt('pending', false, false);
    await worker(FAIL);
    await standsAt('failed', false, false);
  });

  it('takes `processed = true` alone for an end', async () => {
    await worker(CLAIM);
    await content('second');
    await worker(FLAG_ONLY);
    await standsAt('pending', false, false);
  });

  it('forgets the mark when the Worker gives the row back', async () => {
    await worker(CLAIM);
    await content('second');
    await worker(GIVE_BACK);
    await standsAt('pending', false, false);
    await worker(CLAIM);
    await worker(FINISH);
    await standsAt('processed', true, false);
  });

  it('makes a row pending once more, not twice, when the content changes twice during one processing', async () => {
    await worker(CLAIM);
    await content('second');
    await content('third');
    await standsAt('processing', false, true);
    await worker(FINISH);
    await standsAt('pending', false, false);
    expect(await queueRow(stack, PATH)).toMatchObject({ content_sha256: hashOf('third') });
    await worker(FINISH);
    await standsAt('processed', true, false);
  });

  it('does not change what a Worker does to a row whose content is unchanged', async () => {
    for (const [sql, status] of [
      [CLAIM, 'processing'],
      [GIVE_BACK, 'pending'],
      [FAIL, 'failed'],
      [FINISH, 'processed'],
    ] as const) {
      await worker(sql);
      expect(await queueRow(stack, PATH)).toMatchObject({ status, requeue: false });
    }
  });
});

describe('invariant 5, when both are at the row at once', () => {
  it.each([
    ['claims it', CLAIM, { status: 'processing', processed: false, requeue: true }],
    ['finishes it', FINISH, { status: 'pending', processed: false, requeue: false }],
  ])('waits for a Worker that %s, and decides by what it left', async (_what, sql, end) => {
    const batch = await upload('second');
    await withSession(stack.databaseUrl, async ({ client, pid }) => {
      await client.query('begin');
      await client.query(sql, [PATH]);
      const enqueued = stack.supabase.catalogue.enqueue(batch, [ID], []);
      await untilBlocked(stack, pid);
      await client.query('commit');
      expect(await enqueued).toMatchObject({ requeued: 1 });
    });
    expect(await queueRow(stack, PATH)).toMatchObject({ ...end, content_sha256: hashOf('second') });
  });

  it.each([
    ['finished', FINISH, { status: 'pending', processed: false, requeue: false }],
    ['failed', FAIL, { status: 'pending', processed: false, requeue: false }],
    ['gave back', GIVE_BACK, { status: 'pending', processed: false, requeue: false }],
  ])('lets a Worker wait that %s the old content, and keeps the row pending', async (_what, sql, end) => {
    await worker(CLAIM);
    const batch = await upload('second');
    await withSession(stack.databaseUrl, async (legisync) => {
      await legisync.client.query('begin');
      await legisync.client.query(
        `select public.legisync_enqueue_documents($1, 'codes', $2, array[$3], '[]')`,
        [BUCKET, JSON.stringify(batch), ID],
      );
      await withSession(stack.databaseUrl, async ({ client }) => {
        const update = client.query(sql, [PATH]);
        await untilBlocked(stack, legisync.pid);
        await legisync.client.query('commit');
        expect((await update).rowCount).toBe(1);
      });
    });
    expect(await queueRow(stack, PATH)).toMatchObject({ ...end, content_sha256: hashOf('second') });
  });

  it('holds all rows of its batch before it decides on any', async () => {
    const other = articleId(2);
    const otherPath = documentPath('codes', other);
    await plantDue(stack, 'codes', [other]);
    const batch = batchOf('codes', (sequence += 1));
    await stack.sql(`update legisync.documents set next_attempt_at = clock_timestamp() - interval '1 s'`);
    await stack.supabase.catalogue.takeDocuments(batch, 2);
    await putObject(stack, otherPath, 'first');
    await stack.supabase.catalogue.enqueue(batch, [other], []);
    for (const path of [PATH, otherPath]) await putObject(stack, path, 'second');
    await worker(CLAIM);
    await stack.sql(CLAIM, [otherPath]);

    // Stops legisync's update in the middle: its first row is changed, its second one is not.
    await stack.sql(`
      create function public.latch() returns trigger language plpgsql as
        $$ begin perform pg_advisory_xact_lock_shared(1); return new; end $$;
      create trigger a_latch before update on public.files_queue
        for each row when (old.file_path = '${PATH}' and new.content_sha256 is distinct from old.content_sha256)
        execute function public.latch()`);
    try {
      await withSession(stack.databaseUrl, async (latch) => {
        await latch.client.query('select pg_advisory_lock(1)');
        const enqueued = stack.supabase.catalogue.enqueue(batch, [ID, other], []);
        await untilBlocked(stack, latch.pid);
        await withSession(stack.databaseUrl, async ({ client, pid }) => {
          const finished = client.query(FINISH, [otherPath]);
          await Promise.race([finished, untilWaiting(stack, pid)]);
          await latch.client.query('select pg_advisory_unlock(1)');
          await finished;
        });
        await enqueued;
      });
    } finally {
      await stack.sql('drop function public.latch() cascade');
    }
    expect(await queueRow(stack, otherPath)).toMatchObject({
      status: 'pending',
      content_sha256: hashOf('second'),
    });
  });
});
