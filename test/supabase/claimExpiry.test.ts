import { createHash } from 'node:crypto';
import { keepExpiring } from '../../src/claimExpiry.ts';
import { documentPath } from '../../src/contract/documents.ts';
import { CLAIM_EXPIRY_MS } from '../../src/contract/timing.ts';
import {
  claimsGrowOlder,
  emptyClaims,
  plantRows,
  queueState,
  workerApi,
  type WorkerApi,
} from '../support/claims.ts';
import { articleId, hashOf } from '../support/queue.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

let stack: SupabaseStack;
let api: WorkerApi;

beforeAll(async () => {
  stack = await openSupabase();
  api = workerApi(stack);
});
beforeEach(() => emptyClaims(stack));
afterAll(() => stack.close());

describe('claims that nobody asks for any more', () => {
  it('are ended by the Temporal worker: a failed file is pending after its wait, for Workers that poll', async () => {
    await plantRows(stack, ['a.json']);
    const { token } = await api.claim();
    await api.fail(token, ['a.json'], 'no network', 30);
    expect(await stack.supabase.claims.expire()).toBe(0);
    expect(await queueState(stack, 'a.json')).toMatchObject({ status: 'processing' });
    await claimsGrowOlder(stack, 31);
    expect(await stack.supabase.claims.expire()).toBe(1);
    expect(await queueState(stack, 'a.json')).toMatchObject({ status: 'pending' });
    expect(await stack.supabase.claims.expire()).toBe(0);
  });

  it('cost nothing where no Worker claims, whatever values the status accepts', async () => {
    await stack.sql('update legisync.settings set write_failed = null');
    expect(await stack.supabase.claims.expire()).toBe(0);
    await stack.sql(`update legisync.settings set write_failed = 'failed'`);
  });

  it('are looked for every minute, also after a failure, until the worker stops', async () => {
    jest.useFakeTimers();
    try {
      const stop = new AbortController();
      const answers = [Promise.reject(new Error('the database is down')), Promise.resolve(0)];
      const expire = jest.fn(() => answers.shift() ?? Promise.resolve(0));
      const debug = jest.fn();
      keepExpiring({ expire }, { debug }, stop.signal);
      await jest.advanceTimersByTimeAsync(CLAIM_EXPIRY_MS);
      expect(expire).toHaveBeenCalledTimes(1);
      expect(debug).toHaveBeenCalledTimes(1);
      await jest.advanceTimersByTimeAsync(CLAIM_EXPIRY_MS);
      expect(expire).toHaveBeenCalledTimes(2);
      stop.abort();
      await jest.advanceTimersByTimeAsync(3 * CLAIM_EXPIRY_MS);
      expect(expire).toHaveBeenCalledTimes(2);
    } finally {
      jest.useRealTimers();
    }
  });

  it('are not looked for again while a call lasts', async () => {
    jest.useFakeTimers();
    try {
      const stop = new AbortController();
      const expire = jest.fn(() => new Promise<number>(() => undefined));
      keepExpiring({ expire }, { debug: jest.fn() }, stop.signal);
      await jest.advanceTimersByTimeAsync(5 * CLAIM_EXPIRY_MS);
      expect(expire).toHaveBeenCalledTimes(1);
      stop.abort();
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('a claimed file', () => {
  it('has the SHA-256 of its bytes, with which a Worker checks its download', async () => {
    const path = documentPath('codes', articleId(1));
    const body = Buffer.from('{"article":{"id":"LEGIARTI000000000001","texte":"é"}}');
    await stack.supabase.storage.upload(path, body, hashOf('content'));
    await plantRows(stack, [path]);
    await stack.sql('update public.files_queue set bucket_id = $1', [BUCKET]);
    const [file] = (await api.claim()).files;
    const downloaded = await fetch(`${stack.gateway.url}/storage/v1/object/${BUCKET}/${path}`, {
      headers: { authorization: `Bearer ${stack.gateway.serviceKey}` },
    });
    const bytes = Buffer.from(await downloaded.arrayBuffer());
    expect(bytes).toEqual(body);
    expect(file?.fileSha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(file?.contentSha256).not.toBe(file?.fileSha256);
  });

  it('that is pre-existing has none', async () => {
    await plantRows(stack, ['a.json']);
    expect((await api.claim()).files).toMatchObject([{ fileSha256: null }]);
  });
});
