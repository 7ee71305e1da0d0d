import type { FullReading } from '../../src/contract/coherence.ts';
import { documentPath } from '../../src/contract/documents.ts';
import { migrate } from '../../src/migrations/migrate.ts';
import { carryOut, plantBucket, runOpener } from '../support/buckets.ts';
import { openQueue, TABLE, type PreflightQueue } from '../support/preflight.ts';
import { articleId, batchOf, hashOf, plantDue, putObject } from '../support/queue.ts';
import { STATUS_VALUES } from '../support/servers.ts';
import { BUCKET } from '../support/supabase.ts';

/**
 * Storage prepares the versioning of objects: a delete marker and an archived version are rows of
 * `storage.objects`, but no files. Servers that were not upgraded lack the columns.
 */
let queue: PreflightQueue;

const WITHOUT = 'alter table storage.objects drop column is_delete_marker, drop column archived_at';
const UPGRADE = `alter table storage.objects
  add column is_delete_marker boolean not null default false, add column archived_at timestamptz`;

beforeEach(async () => {
  queue = await openQueue();
  await queue.run(TABLE);
});
afterEach(() => queue.stack.close());

const open = runOpener(() => queue.stack);

const pathOf = (number: number): string => documentPath(`cat${number % 3}`, articleId(number));

/** Makes file `first` a delete marker, and file `first + 1` an archived version. */
async function replaceTwo(bucket: string, first: number): Promise<readonly string[]> {
  const gone = [pathOf(first), pathOf(first + 1)];
  const changed = await queue.stack.sql(
    `update storage.objects set is_delete_marker = name = $2, archived_at = case when name = $3 then now() end
     where bucket_id = $1 and name in ($2, $3) returning name`,
    [bucket, ...gone],
  );
  expect(changed).toHaveLength(2);
  return gone;
}

async function reading(bucket: string): Promise<FullReading> {
  const { coherence } = queue.stack.supabase;
  return (await coherence.measure({ bucket, kind: 'full', graceSeconds: 900 })) as FullReading;
}

async function fill(bucket: string): Promise<number> {
  const { run } = await carryOut(queue.stack, await open(bucket), 7);
  expect(run.missing).toBe(0);
  return run.queued;
}

describe('an object that is a delete marker or an archived version', () => {
  it('gets no row from a backfill, and is not missing', async () => {
    await migrate(queue.url, STATUS_VALUES);
    const bucket = await plantBucket(queue.stack, 30);
    const gone = await replaceTwo(bucket, 4);
    expect(await queue.stack.supabase.backfill.plan(bucket, '')).toMatchObject({ files: 28, missing: 28 });
    expect(await reading(bucket)).toMatchObject({ missing: 28, storage: { count: 31 } });
    expect(await queue.stack.sql('select count(*)::int as n from legisync.missing')).toEqual([{ n: 28 }]);
    expect(await fill(bucket)).toBe(28);
    expect(
      await queue.stack.sql('select file_path from public.files_queue where file_path = any ($1)', [gone]),
    ).toEqual([]);
    expect(await reading(bucket)).toMatchObject({ missing: 0, dangling: 0, stale: 0, sizeMismatches: 0 });
  });

  it('leaves its row without a file: dangling, marked, and back when the object is', async () => {
    await migrate(queue.url, STATUS_VALUES);
    const bucket = await plantBucket(queue.stack, 30);
    expect(await fill(bucket)).toBe(30);
    await queue.stack.sql(`update public.files_queue set created_at = now() - interval '1 day'`);
    await replaceTwo(bucket, 4);
    const { coherence } = queue.stack.supabase;
    expect(await reading(bucket)).toMatchObject({ dangling: 2, danglingMarked: 0 });
    const listed = await queue.stack.sql<{ file_path: string }>(
      'select file_path from legisync.dangling order by 1',
    );
    expect(listed.map(({ file_path }) => file_path).sort()).toEqual([pathOf(4), pathOf(5)].sort());
    const repair = { bucket, after: '', size: 1_000, graceSeconds: 900, dryRun: false };
    expect(await coherence.repairDangling(repair)).toMatchObject({ marked: 2 });
    await queue.stack.sql('update storage.objects set is_delete_marker = false, archived_at = null');
    expect(await reading(bucket)).toMatchObject({ dangling: 0, markedButBack: 2 });
  });

  it('is neither queued nor compared when a batch ends', async () => {
    await migrate(queue.url, STATUS_VALUES);
    const { catalogue } = queue.stack.supabase;
    const ids = [articleId(1), articleId(2)];
    const [gone = '', stays = ''] = ids;
    await plantDue(queue.stack, 'codes', ids);
    const batch = batchOf('codes', 1);
    await catalogue.takeDocuments(batch, 2);
    for (const id of ids) await putObject(queue.stack, documentPath('codes', id), id);
    await queue.stack.sql('update storage.objects set is_delete_marker = true where name = $1', [
      documentPath('codes', gone),
    ]);
    expect(await catalogue.describe(batch, ids)).toEqual(
      expect.arrayContaining([
        { id: gone, held: true, objectSha256: null },
        { id: stays, held: true, objectSha256: hashOf(stays) },
      ]),
    );
    expect(await catalogue.enqueue(batch, ids, [])).toMatchObject({ queued: 1, missing: [gone] });
    expect((await queue.stack.sql('select bucket_id from public.files_queue')).length).toBe(1);
    expect(
      await queue.stack.supabase.coherence.measure({ bucket: BUCKET, kind: 'cheap', graceSeconds: 0 }),
    ).toMatchObject({ storage: { count: 1 }, queue: { count: 1 } });
  });

  it('cannot exist in an older Storage, which works, also after it was upgraded', async () => {
    await queue.stack.sql(WITHOUT);
    await migrate(queue.url, STATUS_VALUES);
    const bucket = await plantBucket(queue.stack, 30);
    expect(await reading(bucket)).toMatchObject({ missing: 30 });
    expect(await fill(bucket)).toBe(30);

    await queue.stack.sql(UPGRADE);
    expect(await reading(bucket)).toMatchObject({ missing: 0, dangling: 0 });
    await queue.stack.sql(`update public.files_queue set created_at = now() - interval '1 day'`);
    await replaceTwo(bucket, 4);
    expect(await reading(bucket)).toMatchObject({ missing: 0, dangling: 2 });
  });
});
