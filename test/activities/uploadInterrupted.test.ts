import type { ActivityDeps } from '../../src/activities/deps.ts';
import { LegisyncError } from '../../src/contract/failures.ts';
import type { UploadResult } from '../../src/contract/collecting.ts';
import type { Legifrance } from '../../src/legifrance/types.ts';
import { createSupabase } from '../../src/supabase/index.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import { BUCKET } from '../support/supabase.ts';
import {
  articleIds,
  aroundConsult,
  Attempt,
  batchOf,
  failureOf,
  holding,
  idsOf,
  ownClient,
  upload,
} from './support.ts';

const CODE = 'LEGITEXT000000000902';

describe('uploadDocuments, with failures', () => {
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

  it('records a document that fails while others succeed, and continues with the others', async () => {
    const ids = articleIds(CODE, 101, 150);
    const [byApi = '', byStorage = '', byBug = ''] = ids;
    stack.simulator.control.fault({ kind: 'status', status: 503, id: byApi, times: 1_000 });
    stack.gateway.control.fault({
      match: `^POST /storage/v1/object/.*${byStorage}`,
      kind: 'status',
      status: 500,
    });
    const legifrance = aroundConsult(stack.legifrance, (id, signal) => {
      if (id === byBug) throw new RangeError('a bug that only this answer shows');
      return stack.legifrance.consult(id, signal);
    });
    const result = await upload({ ...deps, legifrance }, batchOf('poisoned'), ids);
    expect([...result.uploaded].sort()).toEqual(ids.slice(3));
    expect(codesOf(result)).toEqual({
      [byApi]: 'LEGIFRANCE_UNAVAILABLE',
      [byStorage]: 'STORAGE_BUSY',
      [byBug]: 'INTERNAL',
    });
    // The message of an unexpected error may contain anything. It belongs to the log.
    expect(JSON.stringify(result)).not.toContain('a bug');
    expect(result.left).toEqual([]);
    expect(result.problem).toBeUndefined();
  });

  it('stops at the begin of an outage, and returns what it finished, so that it is queued before the outage ends', async () => {
    const ids = articleIds(CODE, 151, 250);
    let begun = 0;
    const legifrance = aroundConsult(stack.legifrance, (id, signal) => {
      begun += 1;
      if (begun > 40) throw new LegisyncError('LEGIFRANCE_UNAVAILABLE', 'It went away.');
      return stack.legifrance.consult(id, signal);
    });
    const result = await upload({ ...deps, legifrance }, batchOf('outage'), ids);
    expect(result.uploaded).toHaveLength(40);
    expect(result.failures).toEqual([]);
    expect(idsOf(result)).toEqual(ids);
    // At most 10 that failed in a row, and 10 that began meanwhile.
    expect(begun).toBeLessThanOrEqual(60);
    expect(result).toMatchObject({
      waitMs: 10_000,
      problem: { code: 'LEGIFRANCE_UNAVAILABLE', message: 'It went away.' },
    });
  });

  it('fails if nothing succeeds, so that the retry policy waits for the end of the outage', async () => {
    const ids = articleIds(CODE, 251, 260);
    const away = unavailableLegifrance('nothing answers');
    for (const attempt of [1, 2, 3, 50]) {
      const input = { batch: batchOf('away'), mode: 'massive', ids } as const;
      const failure = await failureOf(
        new Attempt(undefined, attempt).upload({ ...deps, legifrance: away }, input),
      );
      expect(failure.code).toBe('LEGIFRANCE_UNAVAILABLE');
    }
  });

  it('blames no document if Storage cannot be reached, at any attempt, and fails to be retried', async () => {
    // A name that no resolver knows.
    const { storage } = createSupabase({
      url: 'https://no-such-host.invalid',
      key: () => 'none',
      bucket: BUCKET,
    });
    for (const attempt of [1, 3, 50]) {
      const input = {
        batch: batchOf('no-storage'),
        mode: 'massive',
        ids: articleIds(CODE, 261, 270),
      } as const;
      const failure = await failureOf(new Attempt(undefined, attempt).upload({ ...deps, storage }, input));
      expect(failure).toMatchObject({
        code: 'SUPABASE_UNREACHABLE',
        message: expect.stringContaining('no-such-host.invalid') as string,
      });
    }
  });

  it('probes the service at the third attempt of a batch in which nothing succeeds, and blames the documents if it works', async () => {
    const ids = articleIds(CODE, 251, 253);
    for (const id of ids) stack.simulator.control.fault({ kind: 'status', status: 503, id, times: 1_000 });
    const input = { batch: batchOf('all-poisoned'), mode: 'massive', ids } as const;
    const failure = await failureOf(new Attempt().upload(deps, input));
    expect(failure.code).toBe('LEGIFRANCE_UNAVAILABLE');
    const result = await new Attempt(undefined, 3).upload(deps, input);
    expect(Object.values(codesOf(result))).toEqual(ids.map(() => 'LEGIFRANCE_UNAVAILABLE'));
    expect(result.left).toEqual([]);
  });

  it('consults no document again that the attempt of a killed worker has reported', async () => {
    const ids = articleIds(CODE, 151, 200);
    const first = new Attempt();
    await first.upload(deps, { batch: batchOf('killed'), mode: 'massive', ids: ids.slice(0, 20) });
    const beat: UploadResult = {
      uploaded: ids.slice(0, 20),
      unchanged: [],
      failures: [],
      left: [],
      lost: [],
      bytes: 1,
    };
    stack.simulator.control.resetStats();
    const input = { batch: batchOf('killed'), mode: 'massive', ids } as const;
    const result = await new Attempt(beat, 2).upload(deps, input);
    expect(idsOf(result)).toEqual(ids);
    expect(stack.simulator.control.stats().consults).toMatchObject({ total: 30, maxPerDocument: 1 });
    // If the next attempt fails at once, it still returns the finished documents.
    const lost = { ...deps, legifrance: unavailableLegifrance('it went away') };
    const partial = await new Attempt(beat, 3).upload(lost, input);
    expect(partial.uploaded).toEqual(ids.slice(0, 20));
    expect([...partial.left].sort()).toEqual(ids.slice(20));
  });

  it('returns the documents that it did not reach if the run is cancelled', async () => {
    const ids = articleIds(CODE, 211, 260);
    const attempt = new Attempt();
    let consults = 0;
    const legifrance = aroundConsult(stack.legifrance, async (id, signal) => {
      consults += 1;
      if (consults === 15) attempt.env.cancel();
      return stack.legifrance.consult(id, signal);
    });
    const result = await attempt.upload(
      { ...deps, legifrance },
      { batch: batchOf('cancelled'), mode: 'massive', ids },
    );
    expect(idsOf(result)).toEqual(ids);
    expect(result.left.length).toBeGreaterThanOrEqual(35);
    expect(consults).toBe(15);
    expect(result.waitMs).toBeUndefined();
  });

  it('finishes the documents in progress and returns the rest if the worker stops', async () => {
    const ids = articleIds(CODE, 261, 300);
    const draining = new AbortController();
    const begun: string[] = [];
    const legifrance = aroundConsult(stack.legifrance, async (id, signal) => {
      begun.push(id);
      if (begun.length === 12) draining.abort();
      return stack.legifrance.consult(id, signal);
    });
    const stopping = { ...deps, legifrance, draining: draining.signal };
    const result = await upload(stopping, batchOf('draining'), ids);
    expect([...result.uploaded].sort()).toEqual([...begun].sort());
    expect([...result.left].sort()).toEqual(ids.filter((id) => !begun.includes(id)));
    expect(begun).toHaveLength(12);
  });

  it('returns a result if the quota is spent, with the time until there is room again', async () => {
    await using legifrance = ownClient(stack, { perHour: 8, reservePercent: 0 });
    const ids = articleIds(CODE, 301, 330);
    const result = await upload({ ...deps, legifrance }, batchOf('quota'), ids);
    expect(result.uploaded).toHaveLength(8);
    expect(result.left).toHaveLength(22);
    expect(idsOf(result)).toEqual(ids);
    expect(result.waitMs).toBeGreaterThan(3_500_000);
    expect(result.waitMs).toBeLessThanOrEqual(3_601_000);
    expect(stack.simulator.control.stats().api.total).toBe(8);
  });

  it('loses nothing if the token is revoked in the middle of a batch', async () => {
    await using own = ownClient(stack);
    const ids = articleIds(CODE, 331, 400);
    let answered = 0;
    const legifrance = aroundConsult(own, async (id, signal) => {
      const consulted = await own.consult(id, signal);
      answered += 1;
      if (answered === 30) stack.simulator.control.revokeTokens();
      return consulted;
    });
    const result = await upload({ ...deps, legifrance }, batchOf('token'), ids);
    expect([...result.uploaded].sort()).toEqual(ids);
    const { consults, token } = stack.simulator.control.stats();
    expect(consults).toMatchObject({ total: 70, distinct: 70, maxPerDocument: 1 });
    expect(token.total).toBe(2);
  });

  it.each([
    { what: 'without Retry-After', answer: {} },
    { what: 'with a short Retry-After', answer: { retryAfterSeconds: 1 } },
  ])('waits after a 429 $what, and continues', async ({ answer }) => {
    await using legifrance = ownClient(stack);
    const ids = articleIds(CODE, 401, 420);
    stack.simulator.control.fault({ kind: 'status', status: 429, id: ids[3], ...answer });
    const batch = batchOf(`throttled-${Object.keys(answer).length}`);
    const result = await upload({ ...deps, legifrance }, batch, ids);
    expect([...result.uploaded].sort()).toEqual(ids);
    expect(stack.simulator.control.stats().api.byStatus).toEqual({ '200': 20, '429': 1 });
  });

  it('returns the documents after a 429 with a long Retry-After, with the wait', async () => {
    await using legifrance = ownClient(stack);
    const ids = articleIds(CODE, 421, 440);
    stack.simulator.control.fault({ kind: 'status', status: 429, id: ids[3], retryAfterSeconds: 120 });
    const result = await upload({ ...deps, legifrance }, batchOf('silenced'), ids);
    expect(idsOf(result)).toEqual(ids);
    expect(result.failures).toEqual([]);
    expect(result.left).toContain(ids[3]);
    expect(result.waitMs).toBeGreaterThan(100_000);
    expect(result.waitMs).toBeLessThanOrEqual(120_000);

    stack.simulator.control.fault({ kind: 'status', status: 429, retryAfterSeconds: 120, times: 100 });
    await using another = ownClient(stack);
    const attempt = new Attempt();
    const input = {
      batch: batchOf('silenced-at-once'),
      mode: 'massive',
      ids: articleIds(CODE, 441, 450),
    } as const;
    const failure = await failureOf(attempt.upload({ ...deps, legifrance: another }, input));
    expect(failure.code).toBe('LEGIFRANCE_THROTTLED');
    expect(failure.retryAfterMs).toBeGreaterThan(100_000);
  });
});

/** The code of each document that failed. */
function codesOf(result: UploadResult): Readonly<Record<string, string>> {
  return Object.fromEntries(result.failures.map(({ id, code }) => [id, code]));
}

/** A Légifrance that is unavailable. */
function unavailableLegifrance(message: string): Legifrance {
  const away = (): Promise<never> => Promise.reject(new LegisyncError('LEGIFRANCE_UNAVAILABLE', message));
  return { listCodes: away, tableOfContents: away, search: away, consult: away };
}
