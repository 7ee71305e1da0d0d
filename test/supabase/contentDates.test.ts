import { documentPath } from '../../src/contract/documents.ts';
import type { BatchRef } from '../../src/contract/collecting.ts';
import { claimState, workerApi, type WorkerApi } from '../support/claims.ts';
import { collectingOf, NOTHING } from '../support/collecting.ts';
import { articleId, checksum, emptyTables, hashOf, plantDue, putObject, queueRow } from '../support/queue.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

const ID = articleId(1);
const PATH = documentPath('codes', ID);

let stack: SupabaseStack;
let api: WorkerApi;
const { again } = collectingOf(() => stack);

beforeAll(async () => {
  stack = await openSupabase();
  api = workerApi(stack);
});
beforeEach(async () => {
  await emptyTables(stack);
  await stack.sql('truncate legisync.claims');
  await plantDue(stack, 'codes', [ID]);
});
afterAll(() => stack.close());

const enqueue = async () => {
  const batch: BatchRef = await again([ID]);
  return stack.supabase.catalogue.enqueue(batch, [ID], []);
};
const repair = () =>
  stack.supabase.coherence.repairStale({
    bucket: BUCKET,
    graceSeconds: 0,
    after: '',
    size: 100,
    dryRun: false,
  });
const worker = (set: string) =>
  stack.sql(`update public.files_queue set ${set} where file_path = $1`, [PATH]);
const FINISH = `status = 'processed', processed = true`;
/** Moves all times of rows and objects `hours` into the past. */
const later = (hours: number) =>
  stack.sql(
    `update public.files_queue set created_at = created_at - make_interval(hours => $1),
            content_at = content_at - make_interval(hours => $1)`,
    [hours],
  );

/** Adds a pre-existing row and its object, without a hash, of the same age. */
async function plantOld(): Promise<void> {
  await putObject(stack, PATH, 'text', null);
  await stack.sql(`insert into public.files_queue (file_path, bucket_id, file_size) values ($1, $2, 4)`, [
    PATH,
    BUCKET,
  ]);
}

describe('a hash that is not new content', () => {
  /** Calls that give a claimed row another hash of the same content. */
  const CHANGES: readonly (readonly [
    what: string,
    plant: () => Promise<void>,
    rehash: () => Promise<void>,
    hash: string,
  ])[] = [
    [
      'the first one (adoption)',
      plantOld,
      async () => {
        // As `refresh` does: the object is not younger than the row.
        await putObject(stack, PATH, 'text');
        await stack.sql(`update public.files_queue set created_at = now()`);
      },
      hashOf('text'),
    ],
    [
      'one of another version of the projection (re-baselining)',
      async () => {
        await putObject(stack, PATH, 'text');
        await enqueue();
      },
      () => putObject(stack, PATH, 'text', hashOf('text', 'v2')),
      hashOf('text', 'v2'),
    ],
  ];

  it.each(CHANGES)('%s is taken over, and the claim on the row stays', async (_what, plant, rehash, hash) => {
    await plant();
    const { token } = await api.claim();
    await rehash();
    expect(await enqueue()).toEqual({ ...NOTHING, unchanged: 1 });
    expect(await queueRow(stack, PATH)).toMatchObject({
      content_sha256: hash,
      status: 'processing',
      requeue: false,
    });
    expect(await claimState(stack, PATH)).toMatchObject({ state: 'held', attempts: 1 });
    expect(await api.extend(token, [PATH])).toMatchObject({ extended: 1 });
    expect(await api.complete(token, [PATH])).toMatchObject({ completed: 1, pendingAgain: [], refused: [] });
  });

  it.each(CHANGES)('%s does not reset the attempts', async (_what, plant, rehash, hash) => {
    await plant();
    await api.fail((await api.claim()).token, [PATH]);
    await rehash();
    await enqueue();
    expect((await api.claim()).files).toMatchObject([{ attempt: 2, contentSha256: hash }]);
  });

  it.each(CHANGES)(
    '%s is taken over also by a repair of a wrong size',
    async (_what, plant, rehash, hash) => {
      await plant();
      const { token } = await api.claim();
      await rehash();
      await worker('file_size = 99');
      expect(await repair()).toMatchObject({ pendingAgain: 0, requeued: 0 });
      expect(await queueRow(stack, PATH)).toMatchObject({
        content_sha256: hash,
        file_size: '4',
        requeue: false,
      });
      expect(await api.complete(token, [PATH])).toMatchObject({ completed: 1, refused: [] });
    },
  );

  it('resets them if the content is another one', async () => {
    await putObject(stack, PATH, 'text');
    await enqueue();
    await api.fail((await api.claim()).token, [PATH]);
    await putObject(stack, PATH, 'other');
    await enqueue();
    expect((await api.claim()).files).toMatchObject([{ attempt: 1, contentSha256: hashOf('other') }]);
  });
});

describe('a table whose Workers set an updated_at of their own with each UPDATE', () => {
  beforeAll(() =>
    stack.sql(`
      alter table public.files_queue add column updated_at timestamptz not null default now();
      create function public.touch() returns trigger language plpgsql as
        $$ begin new.updated_at := clock_timestamp(); return new; end $$;
      create trigger a_touch before update on public.files_queue for each row execute function public.touch();
      create trigger z_touch before update on public.files_queue for each row execute function public.touch()`),
  );
  afterAll(() =>
    stack.sql('drop function public.touch() cascade; alter table public.files_queue drop column updated_at'),
  );

  describe.each([
    ['enqueue', async () => (await enqueue()).requeued],
    [
      'repair stale',
      async () => {
        const { pendingAgain, requeued } = await repair();
        return pendingAgain + requeued;
      },
    ],
  ] as const)('by %s', (_by, takeNote) => {
    it.each([
      ['without hashes', null, null],
      ['with a first hash', null, hashOf('after')],
      ['with hashes', hashOf('before'), hashOf('after')],
    ])(
      'has changed content queued again, although a Worker updated the row after the change (%s)',
      async (_what, old, young) => {
        await putObject(stack, PATH, 'before', old);
        await enqueue();
        await later(2);
        await putObject(stack, PATH, 'after', young);
        // The Worker has read the earlier content: its date says nothing about what it read.
        await worker(FINISH);
        expect(await takeNote()).toBe(1);
        expect(await queueRow(stack, PATH)).toMatchObject({
          status: 'pending',
          processed: false,
          content_sha256: young,
        });
        await worker(FINISH);
        expect(await takeNote()).toBe(0);
        expect(await queueRow(stack, PATH)).toMatchObject({ status: 'processed', processed: true });
      },
    );
  });

  it('is repaired once: a second repair finds nothing, and writes nothing', async () => {
    await putObject(stack, PATH, 'before', null);
    await enqueue();
    await worker(FINISH);
    await later(2);
    await putObject(stack, PATH, 'after', null);
    expect(await repair()).toMatchObject({ pendingAgain: 1 });
    const before = await checksum(stack, 'public.files_queue');
    expect(await repair()).toMatchObject({ pendingAgain: 0, requeued: 0, resized: 0 });
    expect(await checksum(stack, 'public.files_queue')).toBe(before);
  });

  it('keeps its dates: legisync neither reads nor writes them', async () => {
    await putObject(stack, PATH, 'before');
    await enqueue();
    await stack.sql('alter table public.files_queue disable trigger a_touch, disable trigger z_touch');
    await worker(`updated_at = '2020-01-01'`);
    await putObject(stack, PATH, 'after');
    await enqueue();
    await stack.sql('alter table public.files_queue enable trigger a_touch, enable trigger z_touch');
    const [row] = await stack.sql<{ same: boolean }>(
      `select updated_at = '2020-01-01' and content_at > now() - interval '1 minute' as same from public.files_queue`,
    );
    expect(row).toEqual({ same: true });
  });
});
