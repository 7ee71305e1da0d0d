import { createHash } from 'node:crypto';
import type { ActivityDeps } from '../../src/activities/deps.ts';
import { LegisyncError } from '../../src/contract/failures.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import { BUCKET } from '../support/supabase.ts';
import { articleIds, aroundConsult, Attempt, batchOf, holding, storedBytes, upload } from './support.ts';

const CODE = 'LEGITEXT000000000901';
const UNKNOWN = 'LEGIARTI000901999999';
const pathOf = (collection: string, id: string): string => `legifrance/${collection}/${id}.json`;

describe('uploadDocuments', () => {
  let stack: TestStack;
  let deps: ActivityDeps;

  beforeAll(async () => {
    const syntheticCodes = [{ id: CODE, title: 'Code des essais', articles: 500 }];
    stack = await openStack({ legifrance: { codes: [], syntheticCodes } });
    deps = holding(stack.deps);
  });
  beforeEach(() => {
    stack.simulator.control.clearFaults();
    stack.simulator.control.resetStats();
    stack.gateway.control.clear();
  });
  afterAll(() => stack.close());

  it('invariant 3: stores the API’s answer byte for byte, with the hash in the user metadata', async () => {
    const ids = articleIds(CODE, 1, 25);
    const answers = new Map<string, { body: Buffer; sha256: string }>();
    const legifrance = aroundConsult(stack.legifrance, async (id, signal) => {
      const consulted = await stack.legifrance.consult(id, signal);
      answers.set(id, consulted);
      return consulted;
    });
    const result = await upload({ ...deps, legifrance }, batchOf('verbatim'), ids);

    expect(result).toMatchObject({ unchanged: [], failures: [], left: [] });
    expect([...result.uploaded].sort()).toEqual(ids);
    let bytes = 0;
    for (const [id, { body, sha256 }] of answers) {
      const stored = await storedBytes(stack, pathOf('verbatim', id));
      expect(stored.equals(body)).toBe(true);
      const [row] = await stack.sql<{ sha256: string; size: number }>(
        `select user_metadata ->> 'sha256' as sha256, (metadata ->> 'size')::int as size
           from storage.objects where bucket_id = $1 and name = $2`,
        [BUCKET, pathOf('verbatim', id)],
      );
      expect(row).toEqual({ sha256, size: body.length });
      // It is the content hash, not a hash of the bytes, which contain `executionTime`.
      expect(sha256).not.toContain(createHash('sha256').update(body).digest('hex'));
      bytes += body.length;
    }
    expect(result.bytes).toBe(bytes);
  });

  it('says in its heartbeat that it waits for its place, until a request is sent', async () => {
    const [one = ''] = articleIds(CODE, 400, 400);
    const attempt = new Attempt();
    // A copy: the activity goes on with the object.
    const nextBeat = (): Promise<unknown> =>
      new Promise((resolve) =>
        attempt.env.once('heartbeat', (details) => {
          resolve(structuredClone(details));
        }),
      );
    const beats: unknown[] = [];
    const legifrance = aroundConsult(stack.legifrance, async (id, signal, rank, onSend) => {
      beats.push(await nextBeat());
      const consulted = await stack.legifrance.consult(id, signal, rank, onSend);
      beats.push(await nextBeat());
      return consulted;
    });
    await attempt.upload({ ...deps, legifrance }, { batch: batchOf('waits'), mode: 'massive', ids: [one] });
    const progress = { uploaded: [], unchanged: [], failures: [], bytes: 0 };
    const note = 'waits for its place: older batches and MAINTENANCE are served first';
    expect(beats).toEqual([{ ...progress, note }, progress]);
  });

  it('invariant 2: leaves an object with the same hash alone, and replaces one with another hash', async () => {
    const ids = articleIds(CODE, 1, 20);
    const batch = batchOf('again');
    await upload(deps, batch, ids);
    const before = (await stack.gateway.stats()).uploads;
    const [changed = ''] = ids;
    stack.simulator.control.reviseDocument(changed);

    const result = await upload(deps, batch, ids);
    expect(result.uploaded).toEqual([changed]);
    expect([...result.unchanged].sort()).toEqual(ids.slice(1));
    const stats = await stack.gateway.stats();
    expect(stats.uploads - before).toBe(1);
    expect(stats.sameHashUploadsMax).toBe(1);
    expect(String(await storedBytes(stack, pathOf('again', changed)))).toContain('révision simulée');
  });

  it('invariant 10: records each document that fails, with the reason, and continues with the others', async () => {
    const [cut = '', rejected = '', large = '', ...fine] = articleIds(CODE, 30, 60);
    const ids = [cut, rejected, large, UNKNOWN, '../../etc/passwd', ...fine];
    stack.simulator.control.fault({ kind: 'truncated', id: cut, times: 3 });
    stack.simulator.control.fault({ kind: 'status', status: 405, id: rejected });
    stack.gateway.control.fault({
      match: large,
      kind: 'status',
      status: 400,
      body: {
        statusCode: '413',
        error: 'Payload too large',
        message: 'The object exceeded the maximum size',
      },
    });

    const result = await upload(deps, batchOf('failing'), ids);
    expect([...result.uploaded].sort()).toEqual(fine);
    expect(result.left).toEqual([]);
    const codes = Object.fromEntries(result.failures.map(({ id, code }) => [id, code]));
    expect(codes).toEqual({
      [cut]: 'DOCUMENT_MALFORMED',
      [rejected]: 'LEGIFRANCE_REJECTED',
      [large]: 'DOCUMENT_REFUSED',
      [UNKNOWN]: 'DOCUMENT_NOT_FOUND',
      '../../etc/passwd': 'DOCUMENT_REFUSED',
    });
    for (const { message } of result.failures) expect(message).not.toBe('');
  });

  it('records a document that the bucket’s size limit refuses', async () => {
    const [id = ''] = articleIds(CODE, 70, 70);
    const limit = (bytes: number | null) =>
      stack.sql('update storage.buckets set file_size_limit = $1 where id = $2', [bytes, BUCKET]);
    await limit(100);
    try {
      const { failures } = await upload(deps, batchOf('limited'), [id]);
      expect(failures).toMatchObject([{ id, code: 'DOCUMENT_REFUSED' }]);
    } finally {
      await limit(null);
    }
  });

  it('invariant 6: never makes a path from a malformed id, and sends no request for it', async () => {
    const ids = ['../x', 'LEGIARTI1', '', 'LEGIARTI000901000001/../../x', 'legiarti000901000001'];
    const result = await upload(deps, batchOf('paths'), ids);
    expect(result.failures.map(({ id, code }) => [id, code])).toEqual(
      ids.map((id) => [id, 'DOCUMENT_REFUSED']),
    );
    expect(stack.simulator.control.stats().api.total).toBe(0);
  });

  it('invariant 13: a batch of 100 failures with the longest messages stays below 50 KB', async () => {
    const legifrance = aroundConsult(stack.legifrance, () =>
      Promise.reject(new LegisyncError('DOCUMENT_MALFORMED', 'x'.repeat(1_000))),
    );
    const result = await upload({ ...deps, legifrance }, batchOf('verbose'), articleIds(CODE, 1, 100));
    expect(result.failures).toHaveLength(100);
    expect(JSON.stringify(result).length).toBeLessThan(50_000);
  });
});
