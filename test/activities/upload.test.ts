import { createHash } from 'node:crypto';
import { LegisyncError } from '../../src/contract/failures.ts';
import type { UploadResult } from '../../src/contract/messages.ts';
import { BUCKET, openStack, type TestStack } from '../support/stack.ts';
import {
  articleIds,
  aroundConsult,
  Attempt,
  batchOf,
  failureOf,
  idsOf,
  ownClient,
  storedBytes,
  upload,
} from './support.ts';

const CODE = 'LEGITEXT000000000901';
const NOBODY = 'LEGIARTI000901999999';
const pathOf = (collection: string, id: string): string => `legifrance/${collection}/${id}.json`;

describe('uploadDocuments', () => {
  let stack: TestStack;

  beforeAll(async () => {
    const syntheticCodes = [{ id: CODE, title: 'Code des essais', articles: 500 }];
    stack = await openStack({ legifrance: { codes: [], syntheticCodes } });
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
    const result = await upload({ ...stack.deps, legifrance }, batchOf('verbatim'), ids);

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
      // The hash is the content's, not the bytes': `executionTime` is in these.
      expect(sha256).not.toContain(createHash('sha256').update(body).digest('hex'));
      bytes += body.length;
    }
    expect(result.bytes).toBe(bytes);
  });

  it('invariant 2: leaves an object with the same hash alone, and replaces one with another', async () => {
    const ids = articleIds(CODE, 1, 20);
    const batch = batchOf('again');
    await upload(stack.deps, batch, ids);
    const before = (await stack.gateway.stats()).uploads;
    const [changed = ''] = ids;
    stack.simulator.control.reviseDocument(changed);

    const result = await upload(stack.deps, batch, ids);
    expect(result.uploaded).toEqual([changed]);
    expect([...result.unchanged].sort()).toEqual(ids.slice(1));
    const stats = await stack.gateway.stats();
    expect(stats.uploads - before).toBe(1);
    expect(stats.sameHashUploadsMax).toBe(1);
    expect(String(await storedBytes(stack, pathOf('again', changed)))).toContain('révision simulée');
  });

  it('invariant 10: notes each document that cannot be had, with its reason, and goes on with the others', async () => {
    const [cut = '', rejected = '', large = '', ...fine] = articleIds(CODE, 30, 60);
    const ids = [cut, rejected, large, NOBODY, '../../etc/passwd', ...fine];
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

    const result = await upload(stack.deps, batchOf('failing'), ids);
    expect([...result.uploaded].sort()).toEqual(fine);
    expect(result.left).toEqual([]);
    const codes = Object.fromEntries(result.failures.map(({ id, code }) => [id, code]));
    expect(codes).toEqual({
      [cut]: 'DOCUMENT_MALFORMED',
      [rejected]: 'LEGIFRANCE_REJECTED',
      [large]: 'DOCUMENT_REFUSED',
      [NOBODY]: 'DOCUMENT_NOT_FOUND',
      '../../etc/passwd': 'DOCUMENT_REFUSED',
    });
    for (const { message } of result.failures) expect(message).not.toBe('');
  });

  it('notes a document that the bucket’s own size limit refuses', async () => {
    const [id = ''] = articleIds(CODE, 70, 70);
    const limit = (bytes: number | null) =>
      stack.sql('update storage.buckets set file_size_limit = $1 where id = $2', [bytes, BUCKET]);
    await limit(100);
    try {
      const { failures } = await upload(stack.deps, batchOf('limited'), [id]);
      expect(failures).toMatchObject([{ id, code: 'DOCUMENT_REFUSED' }]);
    } finally {
      await limit(null);
    }
  });

  it('invariant 6: never makes a path of an id that is none, and asks nobody for it', async () => {
    const ids = ['../x', 'LEGIARTI1', '', 'LEGIARTI000901000001/../../x', 'legiarti000901000001'];
    const result = await upload(stack.deps, batchOf('paths'), ids);
    expect(result.failures.map(({ id, code }) => [id, code])).toEqual(
      ids.map((id) => [id, 'DOCUMENT_REFUSED']),
    );
    expect(stack.simulator.control.stats().api.total).toBe(0);
  });

  it('invariant 13: a batch of 100 failures with the longest messages stays below 50 KB', async () => {
    const legifrance = aroundConsult(stack.legifrance, () =>
      Promise.reject(new LegisyncError('DOCUMENT_MALFORMED', 'x'.repeat(1_000))),
    );
    const result = await upload({ ...stack.deps, legifrance }, batchOf('verbose'), articleIds(CODE, 1, 100));
    expect(result.failures).toHaveLength(100);
    expect(JSON.stringify(result).length).toBeLessThan(50_000);
  });

  it('ends the attempt when the service fails, after the documents at hand; the next one goes on after them', async () => {
    const ids = articleIds(CODE, 101, 150);
    const [failing = ''] = ids;
    const begun: string[] = [];
    const allBegun = Promise.withResolvers<null>();
    const failed = Promise.withResolvers<null>();
    // Ten at a time: the first fails while the other nine are under way, and these end after it.
    const legifrance = aroundConsult(stack.legifrance, async (id, signal) => {
      begun.push(id);
      if (begun.length === stack.deps.settings.consultConcurrency) allBegun.resolve(null);
      await allBegun.promise;
      if (id === failing) {
        setImmediate(() => failed.resolve(null));
        throw new LegisyncError('LEGIFRANCE_UNAVAILABLE', 'It went away.');
      }
      await failed.promise;
      return stack.legifrance.consult(id, signal);
    });
    const first = new Attempt();
    const batch = batchOf('service');
    const failure = await failureOf(first.upload({ ...stack.deps, legifrance }, { batch, ids }));
    expect(failure.code).toBe('LEGIFRANCE_UNAVAILABLE');
    expect(begun).toEqual(ids.slice(0, 10));
    const beat = first.lastBeat as UploadResult;
    expect([...beat.uploaded].sort()).toEqual(ids.slice(1, 10));

    const result = await new Attempt(first.lastBeat).upload(stack.deps, { batch, ids });
    expect([...result.uploaded].sort()).toEqual(ids);
    expect(result).toMatchObject({ unchanged: [], failures: [], left: [] });
    expect(stack.simulator.control.stats().consults).toMatchObject({ total: 50, maxPerDocument: 1 });
  });

  it('ends the attempt when Storage fails, and the next one consults none of the finished documents', async () => {
    const ids = articleIds(CODE, 151, 200);
    const bad = ids[20] ?? '';
    stack.gateway.control.fault({ match: `^POST /storage/v1/object/.*${bad}`, kind: 'status', status: 500 });
    const first = new Attempt();
    const batch = batchOf('storage');
    const failure = await failureOf(first.upload(stack.deps, { batch, ids }));
    expect(failure.code).toBe('STORAGE_BUSY');
    const done = (first.lastBeat as UploadResult).uploaded;
    expect(done.length).toBeGreaterThan(0);
    expect(done).not.toContain(bad);

    stack.gateway.control.clear();
    stack.simulator.control.resetStats();
    const result = await new Attempt(first.lastBeat).upload(stack.deps, { batch, ids });
    expect(idsOf(result)).toEqual(ids);
    expect(result.left).toEqual([]);
    expect(done.map((id) => stack.simulator.control.consultsOf(id))).toEqual(done.map(() => 0));
    expect(stack.simulator.control.stats().consults.total).toBe(ids.length - done.length);
  });

  it('gives up on Légifrance that answers 503 for good, with the code that is retried for days', async () => {
    const [id = '', ...others] = articleIds(CODE, 201, 205);
    stack.simulator.control.fault({ kind: 'status', status: 503, id, times: 1_000 });
    const attempt = new Attempt();
    const failure = await failureOf(
      attempt.upload(stack.deps, { batch: batchOf('gone'), ids: [id, ...others] }),
    );
    expect(failure.code).toBe('LEGIFRANCE_UNAVAILABLE');
    expect([...(attempt.lastBeat as UploadResult).uploaded].sort()).toEqual(others);
  });

  it('hands back what it did not reach when the run is cancelled', async () => {
    const ids = articleIds(CODE, 211, 260);
    const attempt = new Attempt();
    let consults = 0;
    const legifrance = aroundConsult(stack.legifrance, async (id, signal) => {
      consults += 1;
      if (consults === 15) attempt.env.cancel();
      return stack.legifrance.consult(id, signal);
    });
    const result = await attempt.upload({ ...stack.deps, legifrance }, { batch: batchOf('cancelled'), ids });
    expect(idsOf(result)).toEqual(ids);
    expect(result.left.length).toBeGreaterThanOrEqual(35);
    expect(consults).toBe(15);
    expect(result.waitMs).toBeUndefined();
  });

  it('finishes what is at hand and hands back the rest when the worker is stopping', async () => {
    const ids = articleIds(CODE, 261, 300);
    const draining = new AbortController();
    const begun: string[] = [];
    const legifrance = aroundConsult(stack.legifrance, async (id, signal) => {
      begun.push(id);
      if (begun.length === 12) draining.abort();
      return stack.legifrance.consult(id, signal);
    });
    const deps = { ...stack.deps, legifrance, draining: draining.signal };
    const result = await upload(deps, batchOf('draining'), ids);
    expect([...result.uploaded].sort()).toEqual([...begun].sort());
    expect([...result.left].sort()).toEqual(ids.filter((id) => !begun.includes(id)));
    expect(begun).toHaveLength(12);
  });

  it('takes a spent quota for a result, with the time when there is room again', async () => {
    await using legifrance = ownClient(stack, { perHour: 8 });
    const ids = articleIds(CODE, 301, 330);
    const result = await upload({ ...stack.deps, legifrance }, batchOf('quota'), ids);
    expect(result.uploaded).toHaveLength(8);
    expect(result.left).toHaveLength(22);
    expect(idsOf(result)).toEqual(ids);
    expect(result.waitMs).toBeGreaterThan(3_500_000);
    expect(result.waitMs).toBeLessThanOrEqual(3_601_000);
    expect(stack.simulator.control.stats().api.total).toBe(8);
  });

  it('loses nothing when the token is revoked in the middle of a batch', async () => {
    await using own = ownClient(stack);
    const ids = articleIds(CODE, 331, 400);
    let answered = 0;
    const legifrance = aroundConsult(own, async (id, signal) => {
      const consulted = await own.consult(id, signal);
      answered += 1;
      if (answered === 30) stack.simulator.control.revokeTokens();
      return consulted;
    });
    const result = await upload({ ...stack.deps, legifrance }, batchOf('token'), ids);
    expect([...result.uploaded].sort()).toEqual(ids);
    const { consults, token } = stack.simulator.control.stats();
    expect(consults).toMatchObject({ total: 70, distinct: 70, maxPerDocument: 1 });
    expect(token.total).toBe(2);
  });

  it.each([
    { what: 'without Retry-After', answer: {} },
    { what: 'with a short Retry-After', answer: { retryAfterSeconds: 1 } },
  ])('sits out a 429 $what', async ({ answer }) => {
    await using legifrance = ownClient(stack);
    const ids = articleIds(CODE, 401, 420);
    stack.simulator.control.fault({ kind: 'status', status: 429, id: ids[3], ...answer });
    const batch = batchOf(`throttled-${Object.keys(answer).length}`);
    const result = await upload({ ...stack.deps, legifrance }, batch, ids);
    expect([...result.uploaded].sort()).toEqual(ids);
    expect(stack.simulator.control.stats().api.byStatus).toEqual({ '200': 20, '429': 1 });
  });

  it('gives the work back after a 429 that asks for a long silence, and says for how long', async () => {
    await using legifrance = ownClient(stack);
    const ids = articleIds(CODE, 421, 440);
    stack.simulator.control.fault({ kind: 'status', status: 429, id: ids[0], retryAfterSeconds: 120 });
    const attempt = new Attempt();
    const failure = await failureOf(
      attempt.upload({ ...stack.deps, legifrance }, { batch: batchOf('silenced'), ids }),
    );
    expect(failure.code).toBe('LEGIFRANCE_THROTTLED');
    expect(failure.retryAfterMs).toBeGreaterThan(100_000);
    expect(failure.retryAfterMs).toBeLessThanOrEqual(120_000);
  });
});
