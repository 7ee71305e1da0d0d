import type { WorkflowHandle } from '@temporalio/client';
import type { BackfillProgress } from '../../src/contract/backfill.ts';
import { UPDATES } from '../../src/contract/names.ts';
import { openBackfill, progressOf, resultOf, type BackfillStack } from '../support/backfilling.ts';
import { countsOf } from '../support/buckets.ts';
import { startWorker, type WorkerProcess } from '../support/workers.ts';

let backfill: BackfillStack;
let worker: WorkerProcess;

beforeAll(async () => {
  backfill = await openBackfill();
  worker = startWorker(backfill.env());
  await worker.ready;
});
afterAll(async () => {
  await worker.stop();
  await backfill.close();
});

const runIdOf = async (handle: WorkflowHandle): Promise<string> => (await handle.describe()).runId;

const pause = (handle: WorkflowHandle): Promise<BackfillProgress> =>
  handle.executeUpdate<BackfillProgress, [{ reason: string }]>(UPDATES.pause, {
    args: [{ reason: 'peak hours' }],
  });

/** Each Update is about five events, so that a run that may have twenty is full after a few; this is many more. */
const MANY_UPDATES = 40;

/** Pauses again and again until the workflow is in another run than `first`. */
async function pauseUntilNewRun(handle: WorkflowHandle, first: string): Promise<string> {
  for (let n = 0; n < MANY_UPDATES; n += 1) {
    expect((await pause(handle)).paused).toBe(true);
    const now = await runIdOf(handle);
    if (now !== first) return now;
  }
  throw new Error(`Still run ${first} after ${MANY_UPDATES} Updates: its history grows while it is paused.`);
}

describe('a backfill that is paused', () => {
  it('continues as new however often it is told to pause, stays paused and where it is, and ends after resume', async () => {
    const bucket = await backfill.bucket(8_000);
    const handle = await backfill.start(bucket, { maxEvents: 20 });
    await pause(handle);
    // The chunk in work when it was paused is finished, and then a run of its own begins.
    const second = await pauseUntilNewRun(handle, await runIdOf(handle));
    const third = await pauseUntilNewRun(handle, second);
    const standing = await progressOf(handle);
    expect(standing.paused).toBe(true);
    expect(standing.run?.state).toBe('running');

    const fourth = await pauseUntilNewRun(handle, third);
    const later = await progressOf(handle);
    expect(later).toMatchObject({ paused: true, run: standing.run });
    expect(await backfill.stack.supabase.backfill.last(bucket)).toEqual(standing.run);
    // The run in which nothing but Updates happened ended with a history as short as it was told to keep it.
    const { historyLength } = await backfill.client.workflow.getHandle(handle.workflowId, third).describe();
    expect(historyLength).toBeLessThan(60);

    await handle.executeUpdate(UPDATES.resume);
    const { run } = await resultOf(handle);
    expect(run).toMatchObject({ id: standing.run?.id, state: 'completed', queued: 8_000, missing: 0 });
    expect(await countsOf(backfill.stack, bucket)).toEqual({ rows: 8_000, paths: 8_000, missing: 0 });
    expect(new Set([second, third, fourth]).size).toBe(3);
  });
});
