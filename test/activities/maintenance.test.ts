import { LegisyncError } from '../../src/contract/failures.ts';
import type { BatchRef, EnqueueResult, UploadResult } from '../../src/contract/collecting.ts';
import type { SearchSource } from '../../src/contract/collections.ts';
import type { ActivityDeps } from '../../src/activities/deps.ts';
import type { Legifrance, SearchQuery } from '../../src/legifrance/types.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import {
  articleIds,
  Attempt,
  enqueue,
  failureOf,
  ownClient,
  upload,
  withCollection,
  type Fetched,
} from './support.ts';

const CODE = 'LEGITEXT000000000941';
const HITS = 58;
/** Pages of 50 reach 5,000. */
const DECISIONS = 5_200;
/** The last decisions are of 31 December and enter the fond 21 days later. */
const LAST_ADDED = '2025-01-21';
const articles: SearchSource = { kind: 'search', name: 'articles', fond: 'CODE_DATE', query: 'urbanisme' };
const decisions: SearchSource = { kind: 'search', name: 'decisions', fond: 'CETAT', query: 'urbanisme' };

interface Asked {
  readonly fond: string;
  readonly page: number;
  readonly size: number;
  readonly window?: SearchQuery['window'];
}

describe('fetchDocuments, MAINTENANCE', () => {
  let stack: TestStack;
  let runs = 0;

  beforeAll(async () => {
    stack = await openStack({
      legifrance: {
        codes: [],
        syntheticCodes: [{ id: CODE, title: 'Code', articles: 70, urbanisme: HITS }],
        decisions: DECISIONS,
        decisionDates: { start: '2024-11-01', end: '2024-12-31' },
        urbanismeShare: 1,
        rate: 100_000,
      },
    });
  });
  beforeEach(() => stack.simulator.control.resetStats());
  afterAll(() => stack.close());

  const on = (day: string) => (): Date => new Date(`${day}T12:00:00Z`);

  /** `deps` with the date `day`, that record the searches. */
  function watched(
    collection: string,
    sources: readonly SearchSource[],
    { day = LAST_ADDED, sinceDays = 2 } = {},
  ): { deps: ActivityDeps; asked: Asked[] } {
    const asked: Asked[] = [];
    const legifrance: Legifrance = {
      ...stack.legifrance,
      search: (query, page, size, signal) => {
        asked.push({ fond: query.fond, page, size, ...(query.window && { window: query.window }) });
        return stack.legifrance.search(query, page, size, signal);
      },
    };
    const settings = { ...stack.deps.settings, maintenanceSinceDays: sinceDays };
    const deps = { ...withCollection(stack.deps, collection, sources), legifrance, settings, now: on(day) };
    return { deps, asked };
  }

  /** Each run of the Schedule has a workflow id of its own. */
  function nextRun(collection: string): BatchRef {
    runs += 1;
    return { collection, workflow: `maintenance:${collection}-${runs}`, run: `run-${runs}`, sequence: 1 };
  }

  function look(
    deps: ActivityDeps,
    batch: BatchRef,
    limit = 100,
    sources?: readonly string[],
  ): Promise<Fetched> {
    return new Attempt().fetch(deps, { batch, limit, mode: 'maintenance', sources });
  }

  async function maintain(
    deps: ActivityDeps,
    collection: string,
  ): Promise<{ ids: readonly string[]; uploaded: UploadResult; queued: EnqueueResult }> {
    const batch = nextRun(collection);
    const { ids } = await look(deps, batch);
    const uploaded = await upload(deps, batch, ids);
    return { ids, uploaded, queued: await enqueue(deps, batch, uploaded) };
  }

  /** As after the collection of the documents that a run has taken. */
  async function release(collection: string): Promise<void> {
    await stack.sql(
      `update legisync.documents set state = 'stored', content_sha256 = 'v1:0', next_attempt_at = null,
              holder = null, held_since = null, held_until = null
        where category = $1 and held_until is not null`,
      [collection],
    );
  }

  it('queues the articles that a search finds; a second run changes nothing; a third queues the revised one', async () => {
    const { deps, asked } = watched('fresh', [articles]);
    const first = await maintain(deps, 'fresh');
    expect(first.ids).toEqual(articleIds(CODE, 1, HITS));
    expect(first.queued).toMatchObject({ queued: HITS, requeued: 0 });
    expect(asked).toEqual([
      { fond: 'CODE_DATE', page: 1, size: 50 },
      { fond: 'CODE_DATE', page: 2, size: 50 },
    ]);

    const uploads = (await stack.gateway.stats()).uploads;
    const second = await maintain(deps, 'fresh');
    expect(second.ids).toEqual(first.ids);
    expect(second.uploaded).toMatchObject({ uploaded: [], failures: [], left: [] });
    expect(second.queued).toEqual({
      queued: 0,
      requeued: 0,
      unchanged: HITS,
      heldByOtherBucket: 0,
      missing: [],
      lost: [],
    });
    expect((await stack.gateway.stats()).uploads).toBe(uploads);

    const [revised = ''] = articleIds(CODE, 33, 33);
    await stack.sql(`update files_queue set status = 'processed', processed = true`);
    stack.simulator.control.reviseArticle(revised);
    const third = await maintain(deps, 'fresh');
    expect(third.uploaded.uploaded).toEqual([revised]);
    expect(third.queued).toMatchObject({ queued: 0, requeued: 1, unchanged: HITS - 1 });
    expect(
      await stack.sql(`select file_path from files_queue where status = 'pending' and not processed`),
    ).toEqual([{ file_path: `legifrance/fresh/${revised}.json` }]);
  });

  it('continues a source without dates where the last run stopped, and starts it again after its end', async () => {
    const { deps, asked } = watched('round', [articles]);
    const seen: number[] = [];
    for (let run = 0; run < 4; run += 1) {
      seen.push((await look(deps, nextRun('round'), 20)).ids.length);
      await release('round');
    }
    expect(asked.map(({ page, size }) => [page, size])).toEqual([
      [1, 20],
      [2, 20],
      [3, 20],
      [1, 20],
    ]);
    expect(seen).toEqual([20, 20, 18, 20]);
  });

  it('continues at the same place if pages have another size', async () => {
    const { deps, asked } = watched('sizes', [articles]);
    await look(deps, nextRun('sizes'), 30);
    await look(deps, nextRun('sizes'), 20);
    // Hit 30 is on the second page of 20: ten hits repeat, none is skipped.
    expect(asked.map(({ page, size }) => [page, size])).toEqual([
      [1, 30],
      [2, 20],
    ]);
  });

  it('takes turns between sources, and ends when the limit is reached', async () => {
    const { deps, asked } = watched('turns', [articles, decisions]);
    expect((await look(deps, nextRun('turns'))).ids).toHaveLength(100);
    expect((await look(deps, nextRun('turns'), 100, ['decisions'])).ids).toHaveLength(100);
    await look(deps, nextRun('turns'));
    expect(asked.map(({ fond, page }) => `${fond} ${page}`)).toEqual([
      'CODE_DATE 1',
      'CETAT 1',
      'CETAT 2',
      'CETAT 3',
      'CODE_DATE 2',
      'CETAT 4',
    ]);
    expect(new Set(asked.map(({ size }) => size))).toEqual(new Set([50]));
  });

  it('reads decisions upwards from the watermark by the day they were added, and the boundary day again', async () => {
    const { deps, asked } = watched('upwards', [decisions]);
    const seen = new Set<string>();
    let last: Fetched | undefined;
    for (let run = 0; run < 20 && last?.ids.length !== 0; run += 1) {
      last = await look(deps, nextRun('upwards'));
      expect(last.ids.length).toBeLessThanOrEqual(100);
      if (last.ids.every((id) => seen.has(id))) break;
      for (const id of last.ids) seen.add(id);
      await release('upwards');
    }
    const window = { from: '2025-01-19', to: LAST_ADDED, field: 'added' } as const;
    const query = { fond: 'CETAT', query: 'urbanisme', day: LAST_ADDED, window } as const;
    const { total } = await stack.legifrance.search(query, 1, 1, AbortSignal.timeout(10_000));
    expect(total).toBeGreaterThan(200);
    expect(seen.size).toBe(total);
    expect(asked[0]).toEqual({ fond: 'CETAT', page: 1, size: 50, window });
    // All is read. Only the last day is read again, because more decisions may enter on it.
    expect(asked.at(-1)?.window).toEqual({ ...window, from: LAST_ADDED });

    const { first, last: newest } = stack.simulator.control.addDecisions(5);
    const tomorrow = watched('upwards', [decisions], { day: '2025-01-22' });
    const fresh: string[] = [];
    for (let run = 0; run < 2; run += 1) {
      fresh.push(...(await look(tomorrow.deps, nextRun('upwards'))).ids);
      await release('upwards');
    }
    expect(fresh).toEqual(expect.arrayContaining([first, newest]));
    expect(tomorrow.asked[0]?.window).toMatchObject({ from: LAST_ADDED, to: '2025-01-22' });
  });

  it('cuts a window with more hits than its pages reach, and misses no decision', async () => {
    const { deps, asked } = watched('reach', [decisions], { sinceDays: 70, day: '2025-01-22' });
    const { decisions: expected } = stack.simulator.control.state();
    const seen = new Set<string>();
    for (let run = 0; run < 80 && seen.size < expected; run += 1) {
      for (const id of (await look(deps, nextRun('reach'))).ids) seen.add(id);
      await release('reach');
    }
    expect(seen.size).toBe(expected);
    expect(Math.max(...asked.map(({ page }) => page))).toBeLessThanOrEqual(100);
  });

  it('continues after a day that fills more than a window', async () => {
    const { deps } = watched('heavy', [decisions], { sinceDays: 3 });
    const windows: string[] = [];
    const search: Legifrance['search'] = ({ window = { from: '', to: '' } }) => {
      const days = (Date.parse(window.to) - Date.parse(window.from)) / 86_400_000 + 1;
      if (days === 1) windows.push(window.from);
      return Promise.resolve({ documents: [], total: 4_800 * days, last: true, overfull: false });
    };
    const result = await look({ ...deps, legifrance: { ...deps.legifrance, search } }, nextRun('heavy'));
    expect(result.ids).toEqual([]);
    expect(windows).toEqual(['2025-01-18', '2025-01-19', '2025-01-20', '2025-01-21']);
  });

  it('continues after a failed attempt with the rest of the limit', async () => {
    const { deps, asked } = watched('repeated', [decisions]);
    const input = { batch: nextRun('repeated'), limit: 100, mode: 'maintenance' } as const;
    const search: Legifrance['search'] = (query, page, size, signal) =>
      page === 2
        ? Promise.reject(new LegisyncError('LEGIFRANCE_THROTTLED', 'Too many.'))
        : deps.legifrance.search(query, page, size, signal);
    const first = new Attempt();
    const broken = { ...deps, legifrance: { ...deps.legifrance, search } };
    expect((await failureOf(first.fetch(broken, input))).code).toBe('LEGIFRANCE_THROTTLED');

    const second = await new Attempt(first.lastBeat).fetch(deps, input);
    expect(asked.map(({ page }) => page)).toEqual([1, 2]);
    expect(second.ids).toHaveLength(100);
    // Its answer was lost as well. The next attempt gets the same documents.
    expect((await look(deps, input.batch)).ids).toEqual(second.ids);
  });

  it('continues with listed documents if the quota is spent in between, and reports it if there are none', async () => {
    await using legifrance = ownClient(stack, { perHour: 1 });
    const { deps } = watched('quota', [articles, decisions]);
    const some = await look({ ...deps, legifrance }, nextRun('quota'));
    expect(some.ids).toHaveLength(50);
    expect(some.reason).toBe('quota');
    const none = await look({ ...deps, legifrance }, nextRun('quota'));
    expect(none).toMatchObject({ ids: [], discovered: 0, reason: 'quota' });
    expect(none.waitMs).toBeGreaterThan(3_500_000);
  });

  it('reads the other sources if one fails, and fails if there is nothing else to do', async () => {
    const { deps } = watched('failing', [articles, decisions]);
    const search: Legifrance['search'] = (query, ...rest) =>
      query.fond === 'CODE_DATE'
        ? Promise.reject(new LegisyncError('LEGIFRANCE_REJECTED', 'No such field.'))
        : deps.legifrance.search(query, ...rest);
    const broken = { ...deps, legifrance: { ...deps.legifrance, search } };
    expect((await look(broken, nextRun('failing'))).ids).toHaveLength(100);
    const failure = await failureOf(look(broken, nextRun('failing'), 100, ['articles']));
    expect(failure.code).toBe('LEGIFRANCE_REJECTED');
  });

  it('fills the rest of the batch with documents that are due', async () => {
    const { deps } = watched('due', [articles]);
    await look(deps, nextRun('due'));
    await release('due');
    const [due = ''] = articleIds(CODE, 10, 10);
    await stack.sql(
      `insert into legisync.documents (category, id, source, state, next_attempt_at)
         values ('due', 'LEGIARTI000000000001', 'articles', 'failed', now())`,
    );
    const { ids } = await look(deps, nextRun('due'));
    expect(ids).toHaveLength(HITS + 1);
    expect(ids).toEqual(expect.arrayContaining(['LEGIARTI000000000001', due]));
  });

  it('refuses a collection without a search', async () => {
    const failure = await failureOf(look(stack.deps, nextRun('codes')));
    expect(failure.code).toBe('CONFIG_INVALID');
  });
});
