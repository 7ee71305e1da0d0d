import { plantBucket } from '../support/buckets.ts';
import { GRACE, queueAll, readFull } from '../support/coherence.ts';
import { emptyTables } from '../support/queue.ts';
import { withSession } from '../support/sessions.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

const PATH = 'legifrance/cat0/LEGIARTI000000000003.json';

let stack: SupabaseStack;
let bucket: string;

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(async () => {
  await emptyTables(stack);
  bucket = await plantBucket(stack, 20);
  await queueAll(stack, bucket);
});
afterAll(() => stack.close());

const input = () => ({ bucket, graceSeconds: GRACE, after: '', size: 1_000, dryRun: false });
const row = async () =>
  (
    await stack.sql(
      'select status, processed, requeue, dangling_since is not null as marked from public.files_queue where file_path = $1',
      [PATH],
    )
  )[0];
/** Sets a row to one day old, with `change`. */
const setRow = (change: string) =>
  stack.sql(
    `update public.files_queue set created_at = now() - interval '1 day', content_at = null, ${change} where file_path = $1`,
    [PATH],
  );
const moveFile = (from: string, to: string) =>
  stack.sql('update storage.objects set name = $1 where bucket_id = $2 and name = $3', [to, bucket, from]);

/** Sets the file's time to one hour ago: older than the grace time, and younger than the row. */
const fileIsOlder = () =>
  withSession(stack.databaseUrl, async ({ client }) => {
    // The trigger would overwrite the time.
    await client.query('set session_replication_role = replica');
    await client.query(
      `update storage.objects set updated_at = now() - interval '1 hour' where bucket_id = $1 and name = $2`,
      [bucket, PATH],
    );
  });

describe('a row that is marked because its file is gone', () => {
  it('stays finished when the file comes back, and is stale if the file is newer', async () => {
    await setRow(`status = 'processed', processed = true, content_sha256 = null`);
    await moveFile(PATH, 'elsewhere');
    expect(await stack.supabase.coherence.repairDangling(input())).toMatchObject({ marked: 1, hidden: 0 });
    await moveFile('elsewhere', PATH);
    expect(await stack.supabase.coherence.repairDangling(input())).toMatchObject({ takenBack: 1 });
    expect(await row()).toEqual({ status: 'processed', processed: true, requeue: false, marked: false });
    // Within the grace time, the file may still become queued.
    expect(await readFull(stack, bucket)).toMatchObject({ stale: 0, markedButBack: 0 });
    expect(await stack.supabase.coherence.repairStale(input())).toMatchObject({ pendingAgain: 0 });
    await fileIsOlder();
    expect(await readFull(stack, bucket)).toMatchObject({ stale: 1, markedButBack: 0 });
    expect(await stack.supabase.coherence.repairStale(input())).toMatchObject({ pendingAgain: 1 });
    expect(await row()).toEqual({ status: 'pending', processed: false, requeue: false, marked: false });
  });

  it('is hidden from the Workers even if it became pending after it was marked', async () => {
    await setRow(`status = 'processing'`);
    await moveFile(PATH, 'elsewhere');
    expect(await stack.supabase.coherence.repairDangling(input())).toMatchObject({ marked: 1, hidden: 0 });
    await setRow(`status = 'pending'`);
    expect(await stack.supabase.coherence.repairDangling({ ...input(), dryRun: true })).toMatchObject({
      marked: 0,
      hidden: 1,
    });
    expect(await stack.supabase.coherence.repairDangling(input())).toMatchObject({ marked: 0, hidden: 1 });
    expect(await row()).toMatchObject({ status: 'dangling', marked: true });
  });

  it('loses its mark when it is queued again as stale, so that Workers see it', async () => {
    await setRow(`status = 'processed', processed = true, dangling_since = now(), content_sha256 = null`);
    await fileIsOlder();
    expect(await stack.supabase.coherence.repairStale(input())).toMatchObject({ pendingAgain: 1 });
    expect(await row()).toEqual({ status: 'pending', processed: false, requeue: false, marked: false });
  });
});

describe('a bucket that is not there', () => {
  it('is a wrong setting, and no coherent reading', async () => {
    const { coherence } = stack.supabase;
    const missing = { bucket: 'misspelt', graceSeconds: GRACE };
    for (const asked of [
      () => coherence.measure({ ...missing, kind: 'full' }),
      () => coherence.measure({ ...missing, kind: 'cheap' }),
      () => coherence.repairDangling({ ...input(), bucket: 'misspelt' }),
    ]) {
      await expect(asked()).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('no bucket misspelt') as string,
      });
    }
  });
});
