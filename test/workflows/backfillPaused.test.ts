import type { WorkflowHandle } from '@temporalio/client';
import type { BackfillProgress } from '../../src/contract/backfill.ts';
import { UPDATES } from '../../src/contract/names.ts';
import { STATE_ATTRIBUTE } from '../../src/workflows/attributes.ts';
import { openBackfill, progressOf, resultOf, type BackfillStack } from '../support/backfilling.ts';
import { countsOf } from '../support/buckets.ts';
import { whileChunkIsHeld } from '../support/heldChunk.ts';
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

/** An Update adds about five events. A run that may have twenty is full long before this many. */
const MANY_UPDATES = 40;

/** Repeats the pause until the workflow is in another run than `first`. */
async function pauseUntilNewRun(handle: WorkflowHandle, first: string): Promise<string> {
  for (let n = 0; n < MANY_UPDATES; n += 1) {
    expect((await pause(handle)).paused).toBe(true);
    const now = await runIdOf(handle);
    if (now !== first) return now;
  }
  throw new Error(`Still run ${first} after ${MANY_UPDATES} Updates: its history grows while it is paused.`);
}

const stateOf = async (handle: WorkflowHandle): Promise<string | undefined> =>
  (await handle.describe()).typedSearchAttributes.get(STATE_ATTRIBUTE);

describe('a backfill that is paused', () => {
  it('continues as new after many pause Updates, stays paused at its position, and ends after resume', async () => {
    const bucket = await backfill.bucket(8_000);
    const handle = await whileChunkIsHeld(backfill, {
      bucket,
      object: 2_500,
      begin: () => backfill.start(bucket, { maxEvents: 20 }),
      meanwhile: async (running) => {
        expect(await pause(running)).toMatchObject({ state: 'pausing', paused: true });
        expect(await stateOf(running)).toBe('pausing');
      },
    });
    // The running chunk is finished. Then a new run begins.
    const second = await pauseUntilNewRun(handle, await runIdOf(handle));
    const third = await pauseUntilNewRun(handle, second);
    const still = await progressOf(handle);
    expect(still.paused).toBe(true);
    expect(still.run?.state).toBe('running');

    const fourth = await pauseUntilNewRun(handle, third);
    const later = await progressOf(handle);
    expect(later).toMatchObject({
      state: 'paused',
      paused: true,
      pauseReason: 'peak hours',
      run: still.run,
    });
    expect(await stateOf(handle)).toBe('paused');
    // The summary that a client gave at the start is lost in a new run.
    const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(currentDetails).toContain(`Backfill of ${bucket}.`);
    expect(currentDetails).toContain('Paused: peak hours');
    expect(await backfill.stack.supabase.backfill.last(bucket)).toEqual(still.run);
    // A run with Updates only ends with a short history as well.
    const { historyLength } = await backfill.client.workflow.getHandle(handle.workflowId, third).describe();
    expect(historyLength).toBeLessThan(60);

    await handle.executeUpdate(UPDATES.resume);
    const { run } = await resultOf(handle);
    expect(run).toMatchObject({ id: still.run?.id, state: 'completed', queued: 8_000, missing: 0 });
    expect(await countsOf(backfill.stack, bucket)).toEqual({ rows: 8_000, paths: 8_000, missing: 0 });
    expect(new Set([second, third, fourth]).size).toBe(3);
  });
});
