import { createActivities } from '../../src/activities/index.ts';
import type { Source } from '../../src/contract/collections.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import { articleIds, Attempt, batchOf, enqueue, fetchMassive, upload, withCollection } from './support.ts';

const OTHER = 'LEGITEXT000000000951';
const codes = (code: string): Source[] => [{ kind: 'codes', name: 'codes', codes: [code] }];

describe('enqueueDocuments and saveControls', () => {
  let stack: TestStack;

  beforeAll(async () => {
    const syntheticCodes = [{ id: OTHER, title: 'Code', articles: 20 }];
    stack = await openStack({ legifrance: { codes: [], syntheticCodes } });
  });
  afterAll(() => stack.close());

  it('invariant 1: queues only documents whose object is in the bucket, and releases the others', async () => {
    const warned: object[] = [];
    const log = { ...stack.deps.log, warn: (fields: object) => void warned.push(fields) };
    const deps = { ...withCollection(stack.deps, 'queue', codes(OTHER)), log };
    const batch = batchOf('queue', 1);
    const { ids } = await fetchMassive(deps, batch, 10);
    const [gone = '', failed = '', ...fine] = ids;
    const result = await upload(deps, batch, fine);
    const failures = [{ id: failed, code: 'DOCUMENT_MALFORMED', message: 'Cut.' }];
    expect(await enqueue(deps, batch, { ...result, unchanged: [gone], failures })).toEqual({
      queued: 8,
      requeued: 0,
      unchanged: 0,
      heldByOtherBucket: 0,
      missing: [gone],
      lost: [],
    });
    expect(warned).toEqual([{ ids: [gone], count: 1 }]);
    // Invariant 7: a second call changes nothing.
    expect(await enqueue(deps, batch, { ...result, failures: [] })).toMatchObject({
      queued: 0,
      unchanged: 8,
    });
    const { documents, failures: counted } = await deps.catalogue.counts('queue');
    expect(documents).toMatchObject({ stored: 8, failed: 2, discovered: 10 });
    expect(counted).toEqual({ DOCUMENT_MALFORMED: 1, OBJECT_MISSING: 1 });
    await stack.sql('update legisync.documents set next_attempt_at = now() where id = $1', [gone]);
    expect((await fetchMassive(deps, batchOf('queue', 2))).ids).toContain(gone);
  });

  it('counts the paths that another bucket holds, and leaves them alone', async () => {
    const deps = withCollection(stack.deps, 'held', codes(OTHER));
    const path = `legifrance/held/${articleIds(OTHER, 1, 1)[0] ?? ''}.json`;
    await stack.sql(`insert into files_queue (file_path, bucket_id) values ($1, 'another')`, [path]);
    const batch = batchOf('held', 1);
    const { ids } = await fetchMassive(deps, batch, 5);
    const result = await enqueue(deps, batch, await upload(deps, batch, ids));
    expect(result).toMatchObject({ queued: 4, heldByOtherBucket: 1, missing: [] });
    const [row] = await stack.sql('select bucket_id from files_queue where file_path = $1', [path]);
    expect(row).toEqual({ bucket_id: 'another' });
  });

  it('invariant 8: saveControls saves the operator’s last settings to Postgres', async () => {
    const activities = createActivities(stack.deps);
    for (const lanes of [7, 3]) {
      await new Attempt().env.run(() => activities.saveControls('codes', { paused: true, lanes }));
    }
    expect(await stack.deps.catalogue.controls('codes')).toEqual({ paused: true, lanes: 3 });
  });
});
