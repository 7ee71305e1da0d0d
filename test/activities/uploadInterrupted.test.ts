import { LegisyncError } from '../../src/contract/failures.ts';
import type { UploadResult } from '../../src/contract/messages.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import {
  articleIds,
  aroundConsult,
  Attempt,
  batchOf,
  failureOf,
  idsOf,
  ownClient,
  upload,
} from './support.ts';

const CODE = 'LEGITEXT000000000902';

describe('uploadDocuments, when it cannot go on as before', () => {
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

  it('takes an error that nobody foresaw for the document’s own at the fifth attempt, and goes on with the others', async () => {
    const ids = articleIds(CODE, 401, 410);
    const [poisoned = ''] = ids;
    const legifrance = aroundConsult(stack.legifrance, (id, signal) => {
      if (id === poisoned) throw new RangeError('a bug');
      return stack.legifrance.consult(id, signal);
    });
    const input = { batch: batchOf('poison'), mode: 'massive', ids } as const;
    for (const attempt of [1, 4]) {
      await expect(
        new Attempt(undefined, attempt).upload({ ...stack.deps, legifrance }, input),
      ).rejects.toThrow('a bug');
    }
    const result = await new Attempt(undefined, 5).upload({ ...stack.deps, legifrance }, input);
    expect(result.failures).toMatchObject([{ id: poisoned, code: 'INTERNAL' }]);
    expect([...result.uploaded, ...result.unchanged].sort()).toEqual(ids.slice(1));
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
    const failure = await failureOf(
      first.upload({ ...stack.deps, legifrance }, { batch, mode: 'massive', ids }),
    );
    expect(failure.code).toBe('LEGIFRANCE_UNAVAILABLE');
    expect(begun).toEqual(ids.slice(0, 10));
    const beat = first.lastBeat as UploadResult;
    expect([...beat.uploaded].sort()).toEqual(ids.slice(1, 10));

    const result = await new Attempt(first.lastBeat).upload(stack.deps, { batch, mode: 'massive', ids });
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
    const failure = await failureOf(first.upload(stack.deps, { batch, mode: 'massive', ids }));
    expect(failure.code).toBe('STORAGE_BUSY');
    const done = (first.lastBeat as UploadResult).uploaded;
    expect(done.length).toBeGreaterThan(0);
    expect(done).not.toContain(bad);

    stack.gateway.control.clear();
    stack.simulator.control.resetStats();
    const result = await new Attempt(first.lastBeat).upload(stack.deps, { batch, mode: 'massive', ids });
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
      attempt.upload(stack.deps, { batch: batchOf('gone'), mode: 'massive', ids: [id, ...others] }),
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
    const result = await attempt.upload(
      { ...stack.deps, legifrance },
      { batch: batchOf('cancelled'), mode: 'massive', ids },
    );
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
      attempt.upload({ ...stack.deps, legifrance }, { batch: batchOf('silenced'), mode: 'massive', ids }),
    );
    expect(failure.code).toBe('LEGIFRANCE_THROTTLED');
    expect(failure.retryAfterMs).toBeGreaterThan(100_000);
    expect(failure.retryAfterMs).toBeLessThanOrEqual(120_000);
  });
});
