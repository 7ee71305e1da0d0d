import { documentPath } from '../../src/contract/documents.ts';
import { claimState, queueState, workerApi, type WorkerApi } from '../support/claims.ts';
import { carryOut, runOpener } from '../support/buckets.ts';
import { articleId, batchOf, emptyTables, hashOf, plantDue, putObject, queueRow } from '../support/queue.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

/**
 * A Worker W claims a file with content A. A polling Worker whose answer was lost repeats its
 * "processed" UPDATE on that row. Content B arrives, so the row becomes pending again. Another
 * polling Worker takes it, and dies. If W could still complete the row, it would be processed with
 * the hash of B, although no Worker has read B.
 */

const ID = articleId(1);
const PATH = documentPath('codes', ID);

let stack: SupabaseStack;
let api: WorkerApi;
const open = runOpener(() => stack);

beforeAll(async () => {
  stack = await openSupabase();
  api = workerApi(stack);
});
beforeEach(async () => {
  await emptyTables(stack);
  await stack.sql('truncate legisync.claims');
});
afterAll(() => stack.close());

// What Workers that poll send.
const pollTakes = () =>
  stack.sql(`update public.files_queue set status = 'processing' where status = 'pending'`);
const pollFinishes = () =>
  stack.sql(`update public.files_queue set status = 'processed', processed = true where file_path = $1`, [
    PATH,
  ]);
const pollGivesBack = () =>
  stack.sql(`update public.files_queue set status = 'pending' where file_path = $1`, [PATH]);

/**
 * Whether objects and rows have hashes. Without them, dates decide: an hour passes between two
 * contents.
 */
type Hashes = 'with hashes' | 'without hashes';

/** Uploads a content. An existing row is set to one hour old first. */
async function upload(text: string, hashes: Hashes): Promise<void> {
  await stack.sql(
    `update public.files_queue set created_at = created_at - interval '1 hour', content_at = content_at - interval '1 hour'`,
  );
  await putObject(stack, PATH, text, hashes === 'with hashes' ? hashOf(text) : null);
}

/** Calls that update the row to its object. */
const TAKES_NOTE = {
  async enqueue(): Promise<void> {
    await plantDue(stack, 'codes', [ID]).catch(() => undefined);
    await stack.supabase.catalogue.enqueue(batchOf('codes', 1), [ID], []);
  },
  async 'repair stale'(): Promise<void> {
    const chunk = { bucket: BUCKET, graceSeconds: 0, after: '', size: 100, dryRun: false };
    const { pendingAgain, requeued } = await stack.supabase.coherence.repairStale(chunk);
    expect(pendingAgain + requeued).toBe(1);
  },
} as const;

/** Expects that every call of W is refused, and that the row stays with the polling Worker. */
async function expectRefused(token: string): Promise<void> {
  for (const call of [api.extend, api.fail, api.release, api.complete]) {
    expect(await call(token, [PATH])).toMatchObject({ refused: [PATH] });
    expect(await queueState(stack, PATH)).toEqual({ status: 'processing', processed: false });
  }
  expect(await claimState(stack, PATH)).toBeUndefined();
}

const cases = (['with hashes', 'without hashes'] as const).flatMap((hashes) =>
  (['enqueue', 'repair stale'] as const).map((by) => ({ hashes, by })),
);

describe.each(cases)('content that arrives while a claim is held, $hashes, by $by', ({ hashes, by }) => {
  let token: string;

  beforeEach(async () => {
    await upload('A', hashes);
    await TAKES_NOTE.enqueue();
    ({ token } = await api.claim());
    expect(await queueState(stack, PATH)).toEqual({ status: 'processing', processed: false });
  });

  it('on a row that another Worker has finished: ends the claim, so the new content is read', async () => {
    await pollFinishes();
    await upload('B', hashes);
    await TAKES_NOTE[by]();
    expect(await queueState(stack, PATH)).toEqual({ status: 'pending', processed: false });
    await pollTakes();
    await expectRefused(token);
  });

  it('on a row that is marked, and that another Worker then finishes: the trigger ends the claim', async () => {
    await upload('B', hashes);
    await TAKES_NOTE[by]();
    expect(await queueRow(stack, PATH)).toMatchObject({ status: 'processing', requeue: true });
    await pollFinishes();
    expect(await queueRow(stack, PATH)).toMatchObject({ status: 'pending', requeue: false });
    await pollTakes();
    await expectRefused(token);
  });

  it('on a row that another Worker has made pending: ends the claim, so the new content is read', async () => {
    await pollGivesBack();
    await upload('B', hashes);
    await TAKES_NOTE[by]();
    await pollTakes();
    await expectRefused(token);
  });

  it('on a row that is marked, and that another Worker then makes pending: the trigger ends the claim', async () => {
    await upload('B', hashes);
    await TAKES_NOTE[by]();
    await pollGivesBack();
    await pollTakes();
    await expectRefused(token);
  });

  it('on a row that waits for a retry, and that another Worker has finished: it stays with its new Worker', async () => {
    await api.fail(token, [PATH], 'no network', 60);
    await pollFinishes();
    await upload('B', hashes);
    await TAKES_NOTE[by]();
    expect(await claimState(stack, PATH)).toBeUndefined();
    await pollTakes();
    await stack.sql(`update legisync.claims set due_at = clock_timestamp()`);
    expect(await api.claim()).toMatchObject({ files: [] });
    expect(await queueState(stack, PATH)).toEqual({ status: 'processing', processed: false });
  });

  it('on a row whose lease has ended, and that another Worker has finished: it stays with its new Worker', async () => {
    await stack.sql(`update legisync.claims set held_until = clock_timestamp()`);
    await pollFinishes();
    await upload('B', hashes);
    await TAKES_NOTE[by]();
    await pollTakes();
    expect(await api.claim()).toMatchObject({ files: [] });
    await expectRefused(token);
  });

  it('keeps the claim if its own holder finishes the row, which is then pending again', async () => {
    await upload('B', hashes);
    await TAKES_NOTE[by]();
    expect(await api.extend(token, [PATH])).toMatchObject({ extended: 1, refused: [] });
    expect(await api.complete(token, [PATH])).toEqual({
      completed: 0,
      pendingAgain: [PATH],
      alreadyCompleted: 0,
      refused: [],
    });
    expect(await queueState(stack, PATH)).toEqual({ status: 'pending', processed: false });
  });

  it('keeps a claim that was completed, so the call may be repeated', async () => {
    await api.complete(token, [PATH]);
    await upload('B', hashes);
    await TAKES_NOTE[by]();
    await pollTakes();
    expect(await api.complete(token, [PATH])).toMatchObject({
      completed: 0,
      alreadyCompleted: 1,
      refused: [],
    });
    expect(await queueState(stack, PATH)).toEqual({ status: 'processing', processed: false });
  });
});

describe.each(['with hashes', 'without hashes'] as const)(
  'a row that is deleted and backfilled again, %s',
  (hashes) => {
    const emptied = (statement: string) => async () => {
      await stack.sql(`begin; set local legisync.allow_emptying = 'files_queue'; ${statement}; commit`);
    };
    it.each<[string, () => Promise<unknown>]>([
      [
        'a DELETE of a few rows',
        async () => {
          await stack.sql(
            `insert into public.files_queue (file_path, bucket_id, status) values ('other', 'b', 'archived')`,
          );
          await stack.sql('delete from public.files_queue where file_path = $1', [PATH]);
        },
      ],
      ['a DELETE that is allowed by name', emptied('delete from public.files_queue')],
      ['a TRUNCATE that is allowed by name', emptied('truncate public.files_queue')],
    ])('by %s loses its claim, so the new content is read', async (_how, remove) => {
      await upload('A', hashes);
      await TAKES_NOTE.enqueue();
      const { token } = await api.claim();
      await remove();
      await upload('B', hashes);
      const { run } = await carryOut(stack, await open(BUCKET), 100);
      expect(run).toMatchObject({ queued: 1, missing: 0 });
      await pollTakes();
      await expectRefused(token);
    });
  },
);
