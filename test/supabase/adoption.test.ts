import { documentPath } from '../../src/contract/documents.ts';
import type { AdoptPolicy } from '../../src/supabase/types.ts';
import {
  articleId,
  batchOf,
  checksum,
  documentRow,
  emptyTables,
  hashOf,
  plantObjects,
  putObject,
  queueRow,
} from '../support/queue.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

const FILES = 10_000;
/** The number that the activity writes in one call. */
const CHUNK = 2_000;
const IDS = Array.from({ length: FILES }, (_, index) => articleId(index + 1));
const ODD_STATUSES = ['pending', 'processing', 'processed', 'archived', 'PROCESSED', 'Pending', 'failed', ''];

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
  await plantObjects(stack, 'codes', IDS);
});
beforeEach(async () => {
  await emptyTables(stack);
  await stack.sql('alter table public.files_queue alter processed drop not null');
  await stack.sql(
    `insert into public.files_queue (file_path, bucket_id, file_size, status, processed, created_at)
     select path, $1, case when n % 3 = 0 then null else n end, ($3::text[])[1 + n % cardinality($3::text[])],
            case n % 5 when 0 then null else n % 2 = 0 end, now() - interval '1 year'
     from unnest($2::text[]) with ordinality as p (path, n)`,
    [BUCKET, IDS.map((id) => documentPath('codes', id)), ODD_STATUSES],
  );
});
afterAll(() => stack.close());

/** Lists all documents, as one table of contents does. Returns how many were new. */
async function list(revision: string, policy: AdoptPolicy, interval = 3_600): Promise<number> {
  const { catalogue } = stack.supabase;
  // The first call completes a pass with nothing left, the second begins the next one.
  await catalogue.openPass('codes', ['codes'], interval);
  const { pass } = await catalogue.openPass('codes', ['codes'], interval);
  const lane = batchOf('codes', 1);
  const slice = await catalogue.leaseSlice(lane, pass, 60);
  if (slice === null) throw new Error('no slice');
  let discovered = 0;
  for (let from = 0; from < FILES; from += CHUNK) {
    const documents = IDS.slice(from, from + CHUNK).map((id) => ({ id, revision }));
    const action = from + CHUNK >= FILES ? 'whole' : 'continue';
    const page = { page: 1 + from / CHUNK, documents, action } as const;
    discovered += (await catalogue.registerSlice(lane, slice, page, 60, policy)).discovered;
  }
  return discovered;
}

const due = async (): Promise<number> =>
  (
    await stack.sql<{ due: number }>(
      'select count(*)::int as due from legisync.documents where next_attempt_at is not null',
    )
  )[0]?.due ?? -1;

describe('invariant 4, what was there before is adopted, not redone', () => {
  it('knows 10,000 files without a hash under `trust`: none is due, no row of the queue changes', async () => {
    const before = await checksum(stack, 'public.files_queue');
    expect(await list('r1', 'trust')).toBe(FILES);
    expect(await due()).toBe(0);
    expect(await stack.supabase.catalogue.takeDocuments(batchOf('codes', 2), 100)).toEqual([]);
    expect(await stack.supabase.catalogue.enqueue(batchOf('codes', 2), IDS.slice(0, 500), [])).toMatchObject({
      queued: 0,
      requeued: 0,
      unchanged: 500,
      missing: [],
    });
    expect(await checksum(stack, 'public.files_queue')).toBe(before);
    expect(await documentRow(stack, 'codes', IDS[0] ?? '')).toMatchObject({
      state: 'stored',
      content_sha256: null,
    });
  });

  it('keeps them known when a listing leaves them out once and then shows them again', async () => {
    await list('r1', 'trust');
    await stack.sql(`update legisync.documents set state = 'superseded'`);
    expect(await list('r1', 'trust', 0)).toBe(0);
    expect(await due()).toBe(0);
  });

  it('has all of them due under `refresh`, also those that `trust` had adopted', async () => {
    expect(await list('r1', 'refresh')).toBe(FILES);
    expect(await due()).toBe(FILES);

    await stack.sql(
      'truncate legisync.documents, legisync.passes, legisync.slices, legisync.listing_rounds, legisync.listing_documents',
    );
    await list('r1', 'trust');
    expect(await list('r1', 'refresh', 0)).toBe(0);
    expect(await due()).toBe(FILES);
  });

  it('has the one due whose change signal moves, and queues it again when its content is new', async () => {
    const { catalogue } = stack.supabase;
    await list('r1', 'trust');
    const [id = ''] = IDS;
    const path = documentPath('codes', id);
    await stack.sql(
      `update public.files_queue set status = 'processed', processed = true where file_path = $1`,
      [path],
    );
    const batch = batchOf('codes', 3);
    await catalogue.takeListed(batch, 'codes', [{ id, revision: 'r2' }], { page: 1, size: 50 }, 'trust');
    expect(await catalogue.takeDocuments(batch, 100)).toEqual([id]);
    await putObject(stack, path, 'new text');
    expect(await catalogue.enqueue(batch, [id], [])).toMatchObject({ requeued: 1 });
    expect(await queueRow(stack, path)).toMatchObject({
      status: 'pending',
      processed: false,
      content_sha256: hashOf('new text'),
    });
  });

  it('adopts a row that is younger than its object', async () => {
    const id = articleId(FILES + 1);
    const path = documentPath('codes', id);
    await putObject(stack, path, 'text');
    await stack.sql(
      `insert into public.files_queue (file_path, bucket_id, status) values ($1, $2, 'processed')`,
      [path, BUCKET],
    );
    await stack.supabase.catalogue.takeListed(
      batchOf('codes', 4),
      'codes',
      [{ id, revision: 'r1' }],
      { page: 1, size: 50 },
      'trust',
    );
    expect(await stack.supabase.catalogue.enqueue(batchOf('codes', 4), [id], [])).toMatchObject({
      requeued: 0,
      unchanged: 1,
    });
    expect(await queueRow(stack, path)).toMatchObject({
      status: 'processed',
      content_sha256: hashOf('text'),
    });
  });

  it('takes a row without a date for older than its object', async () => {
    await list('r1', 'trust');
    const [id = ''] = IDS;
    const path = documentPath('codes', id);
    await stack.sql('alter table public.files_queue alter created_at drop not null');
    await stack.sql(
      `update public.files_queue set created_at = null, status = 'processed', processed = true where file_path = $1`,
      [path],
    );
    await putObject(stack, path, 'newer text');
    expect(await stack.supabase.catalogue.enqueue(batchOf('codes', 5), [id], [])).toMatchObject({
      requeued: 1,
    });
  });
});
