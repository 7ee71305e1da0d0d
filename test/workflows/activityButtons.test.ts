import type { WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { MassiveProgress } from '../../src/contract/collecting.ts';
import { ANSWERED, ARTICLES, openHeldUpload } from '../support/heldUpload.ts';
import { runsOfChain, type MassiveStack } from '../support/massive.ts';
import { scheduled } from '../support/history.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';

/** `temporal activity pause`, `unpause` and `reset`, and the same buttons of the Web UI. */
const CODE = 'LEGITEXT000099000014';
/** The later requests wait until they are aborted. */
const LATE_MS = 600_000;

let massive: MassiveStack;
let worker: WorkerProcess;

type Pending = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

beforeEach(async () => {
  massive = await openHeldUpload(CODE, LATE_MS);
  worker = startWorker(massive.env());
  await worker.ready;
});
afterEach(async () => {
  massive.stack.simulator.control.clearFaults();
  await worker.stop();
  await massive.close();
});

/** The upload that has begun and has not ended. */
async function upload(): Promise<Pending | undefined> {
  const { raw } = await massive.handle().describe();
  return raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'uploadDocuments');
}

/** The documents that the heartbeats of an upload report as uploaded. */
function uploadedBy(found: Pending | undefined): readonly string[] {
  const [payload] = found?.heartbeatDetails?.payloads ?? [];
  if (payload === undefined) return [];
  return defaultPayloadConverter.fromPayload<{ readonly uploaded: readonly string[] }>(payload).uploaded;
}

/** Starts the collection, and waits for an upload that has reported all the answered documents. */
async function uploadAtWork(): Promise<{ readonly id: string; readonly done: readonly string[] }> {
  await massive.start({ controls: { paused: false, lanes: 1 } });
  let found: Pending | undefined;
  await eventually(async () => {
    found = await upload();
    return uploadedBy(found).length === ANSWERED;
  });
  return { id: found?.activityId ?? '', done: uploadedBy(found) };
}

/** Waits for the end of the pass. Nothing was done twice, and one upload did all of it. */
async function expectAllOnce(done: readonly string[]): Promise<void> {
  await eventually(async () => (await massive.stack.supabase.catalogue.counts(massive.name)).passComplete);
  const { totals } = await massive.handle().query<MassiveProgress>('progress');
  expect(totals).toMatchObject({ uploaded: ARTICLES, queued: ARTICLES, requeued: 0, failedAttempts: 0 });
  expect((await massive.stack.gateway.stats()).uploadsPerObjectMax).toBe(1);
  const { consultsOf } = massive.stack.simulator.control;
  expect(done.filter((id) => consultsOf(id) !== 1)).toEqual([]);
  const [run = []] = await runsOfChain(massive);
  expect(scheduled(run, 'uploadDocuments')).toHaveLength(1);
}

const buttonOf = (id: string) => ({
  namespace: massive.client.options.namespace,
  execution: { workflowId: massive.handle().workflowId },
  id,
});

describe('an upload in progress', () => {
  it('stays paused with what it has done, until it is unpaused, and then does the rest', async () => {
    const { id, done } = await uploadAtWork();
    const service = massive.client.workflowService;
    await service.pauseActivity({ ...buttonOf(id), reason: 'a test' });
    // The worker learns it from the answer to a heartbeat, and ends the attempt.
    await eventually(async () => {
      const found = await upload();
      return found?.paused === true && found.lastFailure != null;
    });
    const paused = await upload();
    expect(paused?.activityId).toBe(id);
    expect(uploadedBy(paused)).toEqual(done);

    massive.stack.simulator.control.clearFaults();
    await service.unpauseActivity(buttonOf(id));
    await expectAllOnce(done);
  });

  it('continues in a new attempt after a reset, with what it has done', async () => {
    const { id, done } = await uploadAtWork();
    massive.stack.simulator.control.clearFaults();
    await massive.client.workflowService.resetActivity(buttonOf(id));
    await expectAllOnce(done);
  });

  it.each(['null', '{}', '{"uploaded": 5}'])(
    'holds up the collection if it is completed by hand with %s, and is done after a resume',
    async (result) => {
      const { id } = await uploadAtWork();
      const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(result) };
      await massive.client.workflowService.respondActivityTaskCompletedById({
        namespace: massive.client.options.namespace,
        workflowId: massive.handle().workflowId,
        activityId: id,
        result: { payloads: [payload] },
      });
      const progress = () => massive.handle().query<MassiveProgress>('progress');
      await eventually(async () => (await progress()).holdUp !== null);
      expect((await progress()).holdUp).toMatchObject({
        code: 'INTERNAL',
        message: expect.stringContaining('completed by hand with a wrong result') as string,
      });
      massive.stack.simulator.control.clearFaults();
      await massive.handle().executeUpdate('resume');
      await eventually(
        async () => (await massive.stack.supabase.catalogue.counts(massive.name)).passComplete,
      );
      expect((await massive.stack.gateway.stats()).sameHashUploadsMax).toBe(1);
    },
  );
});
