import type { ActivityDeps } from '../../src/activities/deps.ts';
import type { Source } from '../../src/contract/collections.ts';
import type { BatchRef } from '../../src/contract/collecting.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import {
  articleIds,
  aroundConsult,
  batchOf,
  enqueue,
  fetchMassive,
  idsOf,
  upload,
  withCollection,
} from './support.ts';

const CODE = 'LEGITEXT000000000903';
const codes: Source[] = [{ kind: 'codes', name: 'codes', codes: [CODE] }];

describe('a batch that lost documents', () => {
  let stack: TestStack;

  beforeAll(async () => {
    const syntheticCodes = [{ id: CODE, title: 'Code des pertes', articles: 30 }];
    stack = await openStack({ legifrance: { codes: [], syntheticCodes } });
  });
  beforeEach(() => stack.simulator.control.resetStats());
  afterAll(() => stack.close());

  /** A new collection, and a batch of the first run of its workflow that holds all 30 documents. */
  async function taken(collection: string): Promise<{
    deps: ActivityDeps;
    first: BatchRef;
    second: BatchRef;
    ids: readonly string[];
  }> {
    const deps = withCollection(stack.deps, collection, codes);
    const first = batchOf(collection, 1, 'first');
    const { ids } = await fetchMassive(deps, first);
    expect(ids).toEqual(articleIds(CODE, 1, 30));
    return { deps, first, second: batchOf(collection, 1, 'second'), ids };
  }

  const rows = (collection: string) =>
    stack.sql<{ status: string; n: number }>(
      `select status, count(*)::int as n from public.files_queue where file_path like 'legifrance/' || $1 || '/%' group by 1`,
      [collection],
    );

  it('consults none of the documents that another run has taken, and continues with the others', async () => {
    const { deps, first, second, ids } = await taken('half');
    const { ids: theirs } = await fetchMassive(deps, second, 12);
    const result = await upload(deps, first, ids);
    expect(idsOf(result)).toEqual(ids);
    expect([...result.lost].sort()).toEqual(theirs);
    expect(result.uploaded).toHaveLength(18);
    expect(stack.simulator.control.stats().consults).toMatchObject({ total: 18, maxPerDocument: 1 });

    // The first batch ends. The second one keeps its documents.
    expect(await enqueue(deps, first, result)).toMatchObject({ queued: 18, missing: [], lost: [] });
    const rest = await upload(deps, second, theirs);
    expect([...rest.uploaded].sort()).toEqual(theirs);
    expect(await enqueue(deps, second, rest)).toMatchObject({ queued: 12, missing: [], lost: [] });
    expect(await rows('half')).toEqual([{ status: 'pending', n: 30 }]);
  });

  it('sends no request to Légifrance if all documents are lost, and records no failure', async () => {
    const { deps, first, second, ids } = await taken('all');
    await fetchMassive(deps, second);
    stack.simulator.control.resetStats();
    const result = await upload(deps, first, ids);
    expect(result).toMatchObject({
      uploaded: [],
      unchanged: [],
      failures: [],
      left: [],
      lost: ids,
      bytes: 0,
    });
    expect(stack.simulator.control.stats().api.total).toBe(0);
  });

  it('counts a document as lost if the database does not return it', async () => {
    const { deps, first, ids } = await taken('silent');
    const catalogue = { ...deps.catalogue, describe: () => Promise.resolve([]) };
    const legifrance = aroundConsult(stack.legifrance, () =>
      Promise.reject(new Error('a consult of a lost document')),
    );
    expect((await upload({ ...deps, catalogue, legifrance }, first, ids)).lost).toEqual(ids);
  });

  it('queues documents that it had uploaded before it lost them, and leaves their catalogue rows to the other run', async () => {
    const { deps, first, second, ids } = await taken('late');
    const result = await upload(deps, first, ids);
    await fetchMassive(deps, second);
    const [failed = '', ...stored] = result.uploaded;
    const failures = [{ id: failed, code: 'DOCUMENT_MALFORMED', message: 'Cut.' }];
    const ended = await enqueue(deps, first, { ...result, uploaded: stored, failures });
    expect(ended).toMatchObject({ queued: 29, missing: [] });
    expect([...ended.lost].sort()).toEqual(ids);
    const held = await stack.sql(
      `select (holder).run as run, state, attempts, count(*)::int as n from legisync.documents
        where category = 'late' group by 1, 2, 3`,
    );
    expect(held).toEqual([{ run: 'second', state: 'discovered', attempts: 0, n: 30 }]);

    // The other run finds equal objects. Only the missing row is new.
    const again = await upload(deps, second, ids);
    expect(again).toMatchObject({ uploaded: [], lost: [] });
    expect(await enqueue(deps, second, again)).toMatchObject({ queued: 1, unchanged: 29, lost: [] });
    expect(await rows('late')).toEqual([{ status: 'pending', n: 30 }]);
  });

  it('reports no loss if a call is repeated because its answer was lost', async () => {
    const { deps, first, ids } = await taken('repeated');
    const [failed = '', ...stored] = ids;
    const result = await upload(deps, first, stored);
    expect(await upload(deps, first, stored)).toMatchObject({ uploaded: [], lost: [] });
    const end = {
      ...result,
      failures: [{ id: failed, code: 'DOCUMENT_MALFORMED', message: 'Cut.' }],
    };
    expect(await enqueue(deps, first, end)).toMatchObject({ queued: 29, lost: [] });
    expect(await enqueue(deps, first, end)).toMatchObject({ queued: 0, unchanged: 29, lost: [] });
  });
});
