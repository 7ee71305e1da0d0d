import { documentPath } from '../../src/contract/documents.ts';
import { migrate } from '../../src/migrations/migrate.ts';
import { carryOut, PLAIN } from '../support/buckets.ts';
import { claimsGrowOlder, pathsOf, workerApi } from '../support/claims.ts';
import { GRACE } from '../support/coherence.ts';
import { articleId, batchOf, plantDue, putObject } from '../support/queue.ts';
import { STATUS_VALUES } from '../support/servers.ts';
import { asPostgres, withSession } from '../support/sessions.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

const VALUES = ['pending', 'processing', 'processed', 'failed', 'dangling'];
const QUOTED = VALUES.map((value) => `'${value}'`).join();

/** Types of `status`. Functions compare and set it without knowing its type at creation. */
const TYPES: readonly (readonly [type: string, before: string, column: string])[] = [
  ['text', '', `text not null default 'pending'`],
  ['varchar(10) with a CHECK', '', `varchar(10) default 'pending' check (status in (${QUOTED}))`],
  [
    'an enum',
    `create type public.queue_status as enum (${QUOTED});`,
    `public.queue_status not null default 'pending'`,
  ],
  [
    'a domain over text, in a schema of the team’s',
    `create schema team; create domain team.state as text default 'pending' check (value in (${QUOTED}));`,
    'team.state not null',
  ],
];

describe.each(TYPES)('files_queue.status as %s', (_type, before, column) => {
  let stack: SupabaseStack;

  beforeAll(async () => {
    stack = await openSupabase({ bare: true });
    const url = asPostgres(stack.databaseUrl);
    await withSession(url, ({ client }) =>
      client.query(
        `${before} create table public.files_queue (
           file_path text primary key, bucket_id text not null, file_size bigint, status ${column},
           processed boolean not null default false, created_at timestamptz not null default now())`,
      ),
    );
    await migrate(url, { ...STATUS_VALUES, claimAttempts: 2 });
  });
  beforeEach(() =>
    stack.sql(
      `begin; set local legisync.allow_emptying = 'files_queue';
       truncate public.files_queue, legisync.documents; commit`,
    ),
  );
  afterAll(() => stack.close());

  const plant = (status: string, ...paths: readonly string[]) =>
    stack.sql(
      `insert into public.files_queue (file_path, bucket_id, status, processed, created_at)
       select path, $1, '${status}', ${String(status === 'processed')}, now() - interval '1 hour' from unnest($2::text[]) path`,
      [BUCKET, paths],
    );
  /** Path and status of each row, and whether it is processed. */
  async function rows(): Promise<Record<string, string>> {
    const all = await stack.sql<{ path: string; is: string }>(
      `select file_path as path, rtrim(status::text) || case when processed then '!' else '' end as is
         from public.files_queue order by 1`,
    );
    return Object.fromEntries(all.map(({ path, is }) => [path, is]));
  }

  it('is set by claims: taken, done, given up, given back, and taken back', async () => {
    const api = workerApi(stack);
    await plant('pending', 'back', 'done', 'late', 'over', 'retried');
    const { token, files } = await api.claim();
    expect(files).toHaveLength(5);
    expect(new Set(Object.values(await rows()))).toEqual(new Set(['processing']));
    expect(await api.complete(token, ['done'])).toMatchObject({ completed: 1, refused: [] });
    expect(await api.release(token, ['back'])).toMatchObject({ released: 1 });
    expect(await api.fail(token, ['retried', 'over'])).toMatchObject({ retried: 2 });
    expect(await api.fail((await api.claim()).token, ['over'])).toMatchObject({ failed: ['over'] });
    await claimsGrowOlder(stack, 600);
    // The leases have ended. "retried" was at its last attempt.
    expect(pathsOf(await api.claim()).sort()).toEqual(['back', 'late']);
    expect(await rows()).toEqual({
      back: 'processing',
      done: 'processed!',
      late: 'processing',
      over: 'failed',
      retried: 'failed',
    });
  });

  it('is set by an enqueue: pending for what is new, pending again for what changed', async () => {
    const ids = [articleId(1), articleId(2), articleId(3)];
    const [added = '', finished = '', worked = ''] = ids.map((id) => documentPath('codes', id));
    await plantDue(stack, 'codes', ids);
    await plant('processed', finished);
    await plant('processing', worked);
    await stack.supabase.catalogue.takeDocuments(batchOf('codes', 1), 3);
    for (const path of [added, finished, worked]) await putObject(stack, path, 'new');
    expect(await stack.supabase.catalogue.enqueue(batchOf('codes', 1), ids, [])).toMatchObject({
      queued: 1,
      requeued: 2,
    });
    expect(await rows()).toEqual({ [added]: 'pending', [finished]: 'pending', [worked]: 'processing' });
    // The Worker's UPDATE, whose status the trigger changes.
    await stack.sql(
      `update public.files_queue set status = 'processed', processed = true where file_path = $1`,
      [worked],
    );
    expect(await rows()).toMatchObject({ [worked]: 'pending' });
  });

  it('is set by repairs: dangling, pending when the file is back, pending again when it is stale', async () => {
    const { coherence } = stack.supabase;
    const chunk = { bucket: BUCKET, graceSeconds: 0, after: '', size: 100, dryRun: false };
    await plant('pending', 'gone', 'comes back');
    await plant('processed', 'stale');
    await stack.sql(`insert into storage.objects (bucket_id, name) values ($1, 'stale')`, [BUCKET]);
    for (const kind of ['missing', 'dangling', 'stale'] as const) {
      await coherence[kind]({ bucket: BUCKET, graceSeconds: GRACE, limit: 10 });
    }
    expect(await coherence.repairDangling({ ...chunk, dryRun: true })).toMatchObject({
      marked: 2,
      hidden: 2,
    });
    expect(await coherence.repairDangling(chunk)).toMatchObject({ marked: 2, hidden: 2 });
    expect(await rows()).toEqual({ 'comes back': 'dangling', gone: 'dangling', stale: 'processed!' });
    await stack.sql(
      `insert into storage.objects (bucket_id, name, created_at, updated_at)
       values ($1, 'comes back', now() - interval '1 day', now() - interval '1 day')`,
      [BUCKET],
    );
    expect(await coherence.repairDangling(chunk)).toMatchObject({ takenBack: 1 });
    expect(await coherence.repairStale(chunk)).toMatchObject({ pendingAgain: 1 });
    expect(await rows()).toEqual({ 'comes back': 'pending', gone: 'dangling', stale: 'pending' });
    const reading = await coherence.measure({ bucket: BUCKET, kind: 'full', graceSeconds: GRACE });
    expect(reading).toMatchObject({ danglingMarked: 1, oldestPending: expect.any(String) as string });
  });

  it('is set by a backfill: pending, or finished if the options say so', async () => {
    const { backfill } = stack.supabase;
    await stack.sql(
      `insert into storage.objects (bucket_id, name, created_at, updated_at)
       select $1, name, now() - interval '1 day', now() - interval '1 day' from unnest(array['backfill/1', 'backfill/2']) name`,
      [BUCKET],
    );
    const run = async (owner: string, prefix: string, finished: boolean) =>
      carryOut(
        stack,
        await backfill.open({ bucket: BUCKET, owner, start: 'new', options: { ...PLAIN, prefix, finished } }),
        10,
      );
    await run('1', 'backfill/1', false);
    await run('2', 'backfill/2', true);
    expect(await rows()).toEqual({ 'backfill/1': 'pending', 'backfill/2': 'processed!' });
  });

  it('has its values resolved by legisync', async () => {
    expect(
      await stack.sql(
        'select write_done, write_in_progress, write_failed, write_dangling from legisync.settings',
      ),
    ).toEqual([
      {
        write_done: 'processed',
        write_in_progress: 'processing',
        write_failed: 'failed',
        write_dangling: 'dangling',
      },
    ]);
  });
});
