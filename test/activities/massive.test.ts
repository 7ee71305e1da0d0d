import { LegisyncError } from '../../src/contract/failures.ts';
import type { Source } from '../../src/contract/collections.ts';
import { CRPA, openStack, type TestStack } from '../support/stack.ts';
import {
  articleIds,
  Attempt,
  batchOf,
  endInterval,
  enqueue,
  failureOf,
  fetchMassive,
  upload,
  withCollection,
  runLane,
} from './support.ts';

const SMALL = 'LEGITEXT000000000911';
const OTHER = 'LEGITEXT000000000912';
const BROKEN = 'LEGITEXT000000000913';
const MANY = 'LEGITEXT000000000914';
const UNKNOWN = 'LEGITEXT000000000999';
const codes = (...ids: string[]): Source[] => [{ kind: 'codes', name: 'codes', codes: ids }];

describe('fetchDocuments, MASSIVE', () => {
  let stack: TestStack;

  const slices = (collection: string) =>
    stack.sql<{
      kind: string;
      code_id: string | null;
      state: string;
      code: string | null;
      attempts: number;
    }>('select kind, code_id, state, code, attempts from legisync.slices where collection = $1 order by id', [
      collection,
    ]);

  beforeAll(async () => {
    stack = await openStack({
      legifrance: {
        codes: [CRPA],
        syntheticCodes: [
          { id: SMALL, title: 'Petit code', articles: 30 },
          { id: OTHER, title: 'Autre code', articles: 20 },
          { id: BROKEN, title: 'Code en panne', articles: 20 },
          { id: MANY, title: 'Grand code', articles: 1_500 },
        ],
      },
    });
  });
  beforeEach(() => {
    stack.simulator.control.clearFaults();
    stack.simulator.control.resetStats();
  });
  afterAll(() => stack.close());

  it('lists a code by its table of contents, and returns each article once, at most 100 at a time', async () => {
    const first = await fetchMassive(stack.deps, batchOf('codes', 1));
    expect(first).toMatchObject({ discovered: 474, pass: 1 });
    expect(first.ids).toHaveLength(100);
    // Its answer was lost. The same batch gets the same documents, without another request.
    expect(await fetchMassive(stack.deps, batchOf('codes', 1))).toEqual({
      ...first,
      discovered: 0,
      backlog: { due: Number(first.backlog?.due) - 100, openSlices: 0 },
    });
    expect(stack.simulator.control.stats().api.byPath).toEqual({
      '/list/code': 1,
      '/consult/legi/tableMatieres': 1,
    });

    const taken = [...first.ids];
    for (let sequence = 2; sequence <= 5; sequence += 1) {
      const { ids } = await fetchMassive(stack.deps, batchOf('codes', sequence));
      expect(ids.length).toBeLessThanOrEqual(100);
      taken.push(...ids);
    }
    expect(taken).toHaveLength(474);
    expect(new Set(taken).size).toBe(474);
    const none = await fetchMassive(stack.deps, batchOf('codes', 6));
    expect(none.ids).toEqual([]);
  });

  it('fetches several batches at a time, and the same ones again if its answer was lost', async () => {
    const deps = withCollection(stack.deps, 'several', codes(SMALL));
    const three = { batch: batchOf('several', 1), batches: 3, limit: 12, mode: 'massive' } as const;
    const first = await new Attempt().fetch(deps, three);
    // 30 documents: the third batch is not full.
    expect(first.batches.map((ids) => ids.length)).toEqual([12, 12, 6]);
    expect([...first.ids].sort()).toEqual(articleIds(SMALL, 1, 30));
    expect((await new Attempt().fetch(deps, three)).batches).toEqual(first.batches);
    // Each is a batch of its own: the end of one leaves the others alone.
    const second = batchOf('several', 2);
    await enqueue(deps, second, await upload(deps, second, first.batches[1] ?? []));
    expect((await upload(deps, batchOf('several', 3), first.batches[2] ?? [])).lost).toEqual([]);
    expect((await new Attempt().fetch(deps, { ...three, batch: batchOf('several', 4) })).batches).toEqual([]);
  });

  it('takes at once what another run of its workflow holds, but nothing of another batch', async () => {
    const deps = withCollection(stack.deps, 'runs', codes(SMALL));
    const first = await fetchMassive(deps, batchOf('runs', 1, 'first'));
    expect(first.ids).toEqual(articleIds(SMALL, 1, 30));
    expect((await fetchMassive(deps, batchOf('runs', 2, 'first'))).ids).toEqual([]);
    expect((await fetchMassive(deps, batchOf('runs', 1, 'second'))).ids).toEqual(first.ids);
  });

  it('enumerates ahead of collection, at most twice what it fetches', async () => {
    const deps = withCollection(stack.deps, 'ahead', codes(MANY, CRPA));
    const { discovered, ids } = await fetchMassive(deps, batchOf('ahead', 1));
    expect(ids).toHaveLength(100);
    // The first code has far more than two batches. The other one waits.
    expect(discovered).toBe(1_500);
    expect((await slices('ahead')).map(({ kind, code_id, state }) => [kind, code_id, state])).toEqual([
      ['source', null, 'split'],
      ['code', MANY, 'complete'],
      ['code', CRPA, 'open'],
    ]);
  });

  it('collects a pass to its end, and returns the time until the next one', async () => {
    const deps = withCollection(stack.deps, 'whole', codes(SMALL, OTHER));
    const { ids, discovered, last } = await runLane(deps, 'whole');
    expect([...ids].sort()).toEqual([...articleIds(SMALL, 1, 30), ...articleIds(OTHER, 1, 20)]);
    expect(discovered).toBe(50);
    expect(last).toMatchObject({ ids: [], reason: 'pass', pass: 1, discovered: 0 });
    expect(last.waitMs).toBeGreaterThan(3_500_000);
    expect(last.waitMs).toBeLessThanOrEqual(3_600_000);
  });

  it('has no documents for a lane while another one is listing', async () => {
    const deps = withCollection(stack.deps, 'lanes', codes(SMALL));
    const listing = Promise.withResolvers<null>();
    const second = Promise.withResolvers<null>();
    const legifrance = {
      ...stack.legifrance,
      listCodes: async (signal: AbortSignal) => {
        listing.resolve(null);
        await second.promise;
        return stack.legifrance.listCodes(signal);
      },
    };
    const busy = fetchMassive({ ...deps, legifrance }, batchOf('lanes', 1));
    await listing.promise;
    const idle = await fetchMassive(deps, batchOf('lanes', 2));
    second.resolve(null);
    expect(idle).toMatchObject({ ids: [], discovered: 0, reason: 'enumerating' });
    expect(idle.waitMs).toBeGreaterThan(0);
    expect(idle.waitMs).toBeLessThanOrEqual(2_000);
    expect((await busy).ids).toHaveLength(30);
  });

  it('delays a slice that fails, and continues with the others', async () => {
    const deps = withCollection(stack.deps, 'faulty', codes(BROKEN, SMALL));
    stack.simulator.control.fault({ kind: 'status', status: 500, id: BROKEN, times: 1_000 });
    const first = await fetchMassive(deps, batchOf('faulty', 1));
    expect(first.ids).toEqual(articleIds(SMALL, 1, 30));
    await enqueue(deps, batchOf('faulty', 1), await upload(deps, batchOf('faulty', 1), first.ids));
    const waiting = await fetchMassive(deps, batchOf('faulty', 2));
    expect(waiting).toMatchObject({ ids: [], reason: 'enumerating' });
    const open = (await slices('faulty')).filter(({ state }) => state === 'open');
    expect(open).toMatchObject([{ code_id: BROKEN, code: 'LEGIFRANCE_UNAVAILABLE' }]);
    // A slow machine has tried more than once. Each failure doubles the delay of five seconds.
    expect(waiting.waitMs).toBeLessThanOrEqual(5_000 * 2 ** ((open[0]?.attempts ?? 0) - 1));

    stack.simulator.control.clearFaults();
    await stack.sql(`update legisync.slices set next_attempt_at = now() where collection = 'faulty'`);
    expect((await fetchMassive(deps, batchOf('faulty', 3))).ids).toEqual(articleIds(BROKEN, 1, 20));
  });

  it('invariant 10: parks a slice that Légifrance rejects, with the reason, and ends the pass without it', async () => {
    const warned: string[] = [];
    const log = { ...stack.deps.log, warn: (_fields: object, message: string) => void warned.push(message) };
    const deps = { ...withCollection(stack.deps, 'parked', codes(UNKNOWN, OTHER)), log };
    const { ids, last } = await runLane(deps, 'parked');
    expect(ids).toHaveLength(20);
    expect(last.reason).toBe('pass');
    const { parkedSlices } = await deps.catalogue.counts('parked');
    expect(parkedSlices).toMatchObject([
      { key: { kind: 'code', code: UNKNOWN }, code: 'LEGIFRANCE_REJECTED' },
    ]);
    expect(parkedSlices[0]?.message).toContain('HTTP 400');
    expect(warned).toContain('a slice failed');
    expect(warned.some((message) => message.includes('not in force'))).toBe(true);
  });

  it('parks the slice of a source that is no longer configured', async () => {
    const before = withCollection(stack.deps, 'gone', codes(SMALL));
    await before.catalogue.openPass('gone', ['codes', 'old'], 3_600);
    expect((await runLane(before, 'gone')).last.reason).toBe('pass');
    const { parkedSlices } = await before.catalogue.counts('gone');
    expect(parkedSlices).toMatchObject([{ source: 'old', code: 'CONFIG_INVALID' }]);
  });

  it('consults nothing again while change signals stay the same, and a revised article once', async () => {
    const deps = withCollection(stack.deps, 'passes', codes(OTHER));
    await runLane(deps, 'passes');
    await endInterval(stack, 'passes');
    stack.simulator.control.resetStats();
    const second = await runLane(deps, 'passes', 100);
    expect(second).toMatchObject({ ids: [], discovered: 0, last: { pass: 2, reason: 'pass' } });
    expect(stack.simulator.control.stats().consults.total).toBe(0);

    const [revised = ''] = articleIds(OTHER, 7, 7);
    stack.simulator.control.reviseArticle(revised);
    await endInterval(stack, 'passes');
    const third = await runLane(deps, 'passes', 200);
    expect(third.ids).toEqual([revised]);
    const [row] = await stack.sql(
      `select q.status, q.content_sha256 = o.user_metadata ->> 'sha256' as fresh
         from files_queue q join storage.objects o on o.name = q.file_path where q.file_path = $1`,
      [`legifrance/passes/${revised}.json`],
    );
    expect(row).toEqual({ status: 'pending', fresh: true });
  });

  it('returns a result if the quota is spent, and keeps what it had listed', async () => {
    const deps = withCollection(stack.deps, 'spent', codes(SMALL));
    const legifrance = {
      ...stack.legifrance,
      tableOfContents: () =>
        Promise.reject(new LegisyncError('QUOTA_SPENT', 'Spent.', { retryAfterMs: 90_000 })),
    };
    expect(await fetchMassive({ ...deps, legifrance }, batchOf('spent', 1))).toEqual({
      batches: [],
      ids: [],
      discovered: 0,
      backlog: { due: 0, openSlices: 1 },
      pass: 1,
      reason: 'quota',
      waitMs: 90_000,
      problem: { code: 'QUOTA_SPENT', message: 'Spent.', at: expect.any(String) as string },
    });
    expect((await fetchMassive(deps, batchOf('spent', 1))).ids).toHaveLength(30);
  });

  it('begins no listing when the worker is stopping', async () => {
    const deps = withCollection(stack.deps, 'draining', codes(SMALL));
    const result = await fetchMassive({ ...deps, draining: AbortSignal.abort() }, batchOf('draining', 1));
    expect(result).toMatchObject({ ids: [], reason: 'enumerating' });
    expect(stack.simulator.control.stats().api.total).toBe(0);
  });

  it('refuses a collection or a source that this worker does not know, and names the known ones', async () => {
    const unknown = await failureOf(fetchMassive(stack.deps, batchOf('nothing', 1)));
    expect(unknown.code).toBe('COLLECTION_UNKNOWN');
    expect(unknown.message).toContain('codes, urbanisme');
    const input = {
      batch: batchOf('urbanisme'),
      limit: 10,
      mode: 'maintenance',
      sources: ['nothing'],
    } as const;
    const source = await failureOf(new Attempt().fetch(stack.deps, input));
    expect(source.code).toBe('CONFIG_INVALID');
    expect(source.message).toContain('codes, decisions');
  });
});
