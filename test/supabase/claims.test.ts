import {
  claimsGrowOlder,
  emptyClaims,
  claimState,
  pathsOf,
  plantRows,
  queueState,
  workerApi,
  type WorkerApi,
} from '../support/claims.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

let stack: SupabaseStack;
let api: WorkerApi;

beforeAll(async () => {
  stack = await openSupabase();
  api = workerApi(stack);
});
beforeEach(() => emptyClaims(stack));
afterAll(() => stack.close());

const REFUSED = { completed: 0, pendingAgain: [], alreadyCompleted: 0 };

const rowOf = (path: string) => queueState(stack, path);
const claimOf = (path: string) => claimState(stack, path);

describe('legisync_claim_files', () => {
  it('takes collected files before backfilled ones, the oldest first, and marks them as in progress', async () => {
    await plantRows(stack, ['old.json', 'backfilled.json', 'new.json', 'later.json']);
    await stack.sql(`update public.files_queue set backfilled = true where file_path = 'backfilled.json'`);
    await stack.sql(`update public.files_queue set content_sha256 = 'v1:x' where file_path = 'old.json'`);
    const before = Date.now();
    const claim = await api.claim(3, 60);
    expect(pathsOf(claim)).toEqual(['old.json', 'new.json', 'later.json']);
    expect(claim.files[0]).toEqual({
      filePath: 'old.json',
      bucketId: BUCKET,
      fileSize: 100,
      contentSha256: 'v1:x',
      fileSha256: null,
      attempt: 1,
    });
    expect(Date.parse(claim.leaseUntil)).toBeGreaterThanOrEqual(before + 60_000 - 1);
    expect(await rowOf('old.json')).toEqual({ status: 'processing', processed: false });
    expect(pathsOf(await api.claim())).toEqual(['backfilled.json']);
    expect(await api.claim()).toMatchObject({ files: [] });
  });

  it('skips rows in progress or finished, by status or by `processed`, and rows without a file', async () => {
    await plantRows(stack, ['processing', 'processed', 'failed', 'flag', 'dangling', 'pending']);
    await stack.sql(
      `update public.files_queue set status = file_path where file_path in ('processing', 'processed', 'failed')`,
    );
    await stack.sql(`update public.files_queue set processed = true where file_path = 'flag'`);
    await stack.sql(`update public.files_queue set dangling_since = now() where file_path = 'dangling'`);
    expect(pathsOf(await api.claim())).toEqual(['pending']);
  });

  it.each([
    ['p_batch', () => api.claim(0), 'p_batch is 0: it must be from 1 to 1000.'],
    ['p_batch', () => api.claim(1001), 'p_batch is 1001: it must be from 1 to 1000.'],
    ['p_lease_seconds', () => api.claim(1, 0), 'p_lease_seconds is 0: it must be from 1 to 86400.'],
    ['p_lease_seconds', () => api.claim(1, 86401), 'p_lease_seconds is 86401: it must be from 1 to 86400.'],
    ['p_worker', () => api.claim(1, 1, ''), `p_worker is '': it must have 1 to 200 characters.`],
  ])('refuses %s out of bounds, with the value and the rule', async (_name, claim, message) => {
    await expect(claim()).rejects.toMatchObject({ code: '22023', message });
  });

  it.each([
    ['write_in_progress', 'LEGISYNC_STATUS_IN_PROGRESS', 'processing, in_progress, claimed'],
    ['write_done', 'LEGISYNC_STATUS_DONE', 'processed, done, completed, failed, error'],
    ['write_failed', 'LEGISYNC_STATUS_FAILED', 'failed, error'],
  ])(
    'takes nothing if the table accepts no %s, and reports that %s fixes it',
    async (column, setting, values) => {
      await plantRows(stack, ['a.json']);
      const [{ was } = { was: '' }] = await stack.sql<{ was: string }>(
        `select ${column} as was from legisync.settings`,
      );
      await stack.sql(`update legisync.settings set ${column} = null`);
      try {
        await expect(api.claim()).rejects.toMatchObject({
          code: 'P0001',
          message: expect.stringMatching(
            new RegExp(`\\(${values}\\)\\. Set ${setting} .* \`legisync migrate\``),
          ) as string,
        });
      } finally {
        await stack.sql(`update legisync.settings set ${column} = $1`, [was]);
      }
      expect(await rowOf('a.json')).toMatchObject({ status: 'pending' });
    },
  );
});

describe('a lease', () => {
  it('that has ended lets the next Worker claim the file, and the previous one is refused', async () => {
    await plantRows(stack, ['a.json']);
    const zombie = await api.claim(1, 60, 'zombie');
    expect(pathsOf(await api.claim())).toEqual([]);
    await claimsGrowOlder(stack, 61);
    const heir = await api.claim(1, 60, 'heir');
    expect(heir.files).toMatchObject([{ filePath: 'a.json', attempt: 2 }]);
    for (const call of [api.complete, api.fail, api.release, api.extend]) {
      expect(await call(zombie.token, ['a.json'])).toMatchObject({ refused: ['a.json'] });
    }
    expect(await rowOf('a.json')).toEqual({ status: 'processing', processed: false });
    expect(await api.complete(heir.token, ['a.json'])).toEqual({ ...REFUSED, completed: 1, refused: [] });
    expect(await api.complete(zombie.token, ['a.json'])).toEqual({ ...REFUSED, refused: ['a.json'] });
    expect(await rowOf('a.json')).toEqual({ status: 'processed', processed: true });
  });

  it('that has ended still counts until the file is taken back', async () => {
    await plantRows(stack, ['a.json']);
    const { token } = await api.claim(1, 60);
    await claimsGrowOlder(stack, 61);
    expect(await api.complete(token, ['a.json'])).toMatchObject({ completed: 1, refused: [] });
  });

  it('that is extended does not end', async () => {
    await plantRows(stack, ['a.json', 'b.json']);
    const { token } = await api.claim(2, 60);
    await claimsGrowOlder(stack, 61);
    expect(await api.extend(token, ['a.json', 'other'], 60)).toMatchObject({
      extended: 1,
      refused: ['other'],
    });
    expect(pathsOf(await api.claim())).toEqual(['b.json']);
    expect(await api.complete(token, ['a.json', 'b.json'])).toMatchObject({
      completed: 1,
      refused: ['b.json'],
    });
  });

  it('takes back no file that was not claimed, and none whose row has been changed since', async () => {
    await plantRows(stack, ['legacy', 'reset', 'finished', 'deleted']);
    await stack.sql(`update public.files_queue set status = 'processing' where file_path = 'legacy'`);
    const { token } = await api.claim(3, 60);
    await stack.sql(`update public.files_queue set status = 'archived' where file_path = 'reset'`);
    await stack.sql(`update public.files_queue set status = 'processed' where file_path = 'finished'`);
    await stack.sql(`delete from public.files_queue where file_path = 'deleted'`);
    await claimsGrowOlder(stack, 61);
    expect(await api.claim()).toMatchObject({ files: [] });
    expect(await rowOf('legacy')).toMatchObject({ status: 'processing' });
    expect(await rowOf('reset')).toMatchObject({ status: 'archived' });
    expect(await rowOf('finished')).toMatchObject({ status: 'processed' });
    expect(await stack.sql('select from legisync.claims')).toEqual([]);
    expect(await api.complete(token, ['reset'])).toMatchObject({ refused: ['reset'] });
  });

  it('that ends for the fifth time gives the file up until its row becomes pending again', async () => {
    await plantRows(stack, ['deadly.json']);
    let last = '';
    for (const attempt of [1, 2, 3, 4, 5]) {
      const { token, files } = await api.claim(1, 60);
      expect(files).toMatchObject([{ attempt }]);
      last = token;
      await claimsGrowOlder(stack, 61);
    }
    expect(await api.claim(1, 60)).toMatchObject({ files: [] });
    expect(await rowOf('deadly.json')).toEqual({ status: 'failed', processed: false });
    expect(await claimOf('deadly.json')).toEqual({
      state: 'failed',
      attempts: 5,
      error: 'The lease of worker ended before it finished the file.',
    });
    expect(await api.fail(last, ['deadly.json'])).toMatchObject({
      alreadyEnded: 0,
      refused: ['deadly.json'],
    });
    await stack.sql(`update public.files_queue set status = 'pending'`);
    expect((await api.claim(1, 60)).files).toMatchObject([{ attempt: 1 }]);
  });

  it('is forgotten when its file is done', async () => {
    await plantRows(stack, ['a.json']);
    const { token } = await api.claim();
    await api.complete(token, ['a.json']);
    await claimsGrowOlder(stack, 601);
    await api.claim();
    expect(await stack.sql('select from legisync.claims')).toEqual([]);
    expect(await rowOf('a.json')).toEqual({ status: 'processed', processed: true });
  });
});
