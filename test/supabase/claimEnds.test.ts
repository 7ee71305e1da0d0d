import {
  claimsGrowOlder,
  emptyClaims,
  claimState,
  plantRows,
  queueState,
  workerApi,
  type WorkerApi,
} from '../support/claims.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

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
/**
 * New content for a row, as legisync_enqueue_documents writes it while a Worker may hold the row.
 */
const newContent = (path: string, hash: string) =>
  stack.sql('update public.files_queue set content_sha256 = $2, requeue = true where file_path = $1', [
    path,
    hash,
  ]);

describe('legisync_complete_files', () => {
  it('may be repeated when its answer was lost, and is distinguished from a call for a foreign claim', async () => {
    await plantRows(stack, ['a.json', 'b.json']);
    const { token } = await api.claim();
    expect(await api.complete(token, ['a.json'])).toEqual({ ...REFUSED, completed: 1, refused: [] });
    expect(await api.complete(token, ['a.json', 'a.json', 'b.json', 'c.json'])).toEqual({
      completed: 1,
      pendingAgain: [],
      alreadyCompleted: 1,
      refused: ['c.json'],
    });
    expect(await api.complete('00000000-0000-4000-8000-000000000000', ['a.json'])).toEqual({
      ...REFUSED,
      refused: ['a.json'],
    });
  });

  it('returns the files that are pending again because their content has changed, and counts their attempts from 0', async () => {
    await plantRows(stack, ['a.json', 'b.json']);
    await api.release((await api.claim()).token, ['a.json', 'b.json']);
    const { token } = await api.claim();
    await newContent('a.json', 'v1:new');
    expect(await api.complete(token, ['a.json', 'b.json'])).toEqual({
      ...REFUSED,
      completed: 1,
      pendingAgain: ['a.json'],
      refused: [],
    });
    expect((await api.claim()).files).toMatchObject([
      { filePath: 'a.json', attempt: 1, contentSha256: 'v1:new' },
    ]);
  });

  it('refuses a row that an operator has taken from the Worker', async () => {
    await plantRows(stack, ['a.json']);
    const { token } = await api.claim();
    await stack.sql(`update public.files_queue set status = 'pending'`);
    expect(await api.complete(token, ['a.json'])).toEqual({ ...REFUSED, refused: ['a.json'] });
    expect(await rowOf('a.json')).toEqual({ status: 'pending', processed: false });
    expect((await api.claim()).files).toMatchObject([{ attempt: 1 }]);
  });

  it('refuses more than a thousand paths, and a call without a token', async () => {
    const paths = Array.from({ length: 1001 }, (_, n) => `${n}`);
    await expect(api.complete('00000000-0000-4000-8000-000000000000', paths)).rejects.toMatchObject({
      code: '22023',
      message: 'p_paths has 1001 entries: it must have 0 to 1000.',
    });
    const { error } = await api.client.rpc('legisync_complete_files', { p_token: null, p_paths: [] });
    expect(error).toMatchObject({ code: '22023', message: 'p_token is null: it must have a value.' });
  });
});

describe('legisync_fail_files', () => {
  it('has the file tried again after the wait, and not before, out of reach of those who poll', async () => {
    await plantRows(stack, ['a.json']);
    const { token } = await api.claim();
    expect(await api.fail(token, ['a.json'], 'no network', 30)).toEqual({
      retried: 1,
      failed: [],
      alreadyEnded: 0,
      refused: [],
    });
    expect(await claimOf('a.json')).toEqual({ state: 'waiting', attempts: 1, error: 'no network' });
    expect(await rowOf('a.json')).toMatchObject({ status: 'processing' });
    await claimsGrowOlder(stack, 29);
    expect(await api.claim()).toMatchObject({ files: [] });
    await claimsGrowOlder(stack, 2);
    expect((await api.claim()).files).toMatchObject([{ filePath: 'a.json', attempt: 2 }]);
  });

  it('gives the file up at its fifth attempt, keeps the last reason, and may be repeated', async () => {
    await plantRows(stack, ['a.json']);
    for (const attempt of [1, 2, 3, 4]) {
      const { token, files } = await api.claim();
      expect(files).toMatchObject([{ attempt }]);
      expect(await api.fail(token, ['a.json'])).toMatchObject({ retried: 1, failed: [] });
    }
    const { token } = await api.claim();
    expect(await api.fail(token, ['a.json'], 'the last')).toMatchObject({ retried: 0, failed: ['a.json'] });
    expect(await api.fail(token, ['a.json'], 'the last')).toEqual({
      retried: 0,
      failed: [],
      alreadyEnded: 1,
      refused: [],
    });
    expect(await rowOf('a.json')).toEqual({ status: 'failed', processed: false });
    expect(await claimOf('a.json')).toEqual({ state: 'failed', attempts: 5, error: 'the last' });
    await claimsGrowOlder(stack, 86_400);
    expect(await api.claim()).toMatchObject({ files: [] });
  });

  it('neither gives up nor makes wait a file whose content changed meanwhile', async () => {
    await plantRows(stack, ['a.json']);
    for (let attempt = 1; attempt < 5; attempt += 1) await api.fail((await api.claim()).token, ['a.json']);
    const { token } = await api.claim();
    await newContent('a.json', 'v1:new');
    expect(await api.fail(token, ['a.json'], 'on the old content', 3_600)).toMatchObject({
      retried: 1,
      failed: [],
    });
    expect((await api.claim()).files).toMatchObject([{ attempt: 1, contentSha256: 'v1:new' }]);
  });
});

describe('legisync_release_files', () => {
  it('releases at once what was not begun, and counts no attempt', async () => {
    await plantRows(stack, ['a.json', 'b.json']);
    const { token } = await api.claim();
    expect(await api.release(token, ['b.json', 'c.json'])).toEqual({
      released: 1,
      alreadyEnded: 0,
      refused: ['c.json'],
    });
    expect(await api.release(token, ['b.json'])).toMatchObject({ released: 0, alreadyEnded: 1, refused: [] });
    expect((await api.claim()).files).toMatchObject([{ filePath: 'b.json', attempt: 1 }]);
    expect(await api.complete(token, ['a.json', 'b.json'])).toMatchObject({
      completed: 1,
      refused: ['b.json'],
    });
  });
});
