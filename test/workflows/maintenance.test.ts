import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import type { MaintenanceInput, MaintenanceResult } from '../../src/contract/collecting.ts';
import { maintenanceWorkflowId, WORKFLOWS } from '../../src/contract/names.ts';
import { STATE_ATTRIBUTE } from '../../src/workflows/attributes.ts';
import { openMassive, type MassiveStack } from '../support/massive.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';

describe('a run of MAINTENANCE', () => {
  let massive: MassiveStack;
  let worker: WorkerProcess;

  beforeAll(async () => {
    massive = await openMassive([{ kind: 'search', name: 'decisions', fond: 'CETAT', query: '*' }], {
      legifrance: {
        codes: [],
        decisions: 200,
        decisionDates: { start: '2024-01-01', end: '2024-12-31' },
      },
    });
    worker = startWorker(massive.env({ LEGISYNC_MAINTENANCE_SINCE_DAYS: '3650' }));
    await worker.ready;
  });

  afterAll(async () => {
    await worker.stop();
    await massive.close();
  });

  const start = (more: Partial<MaintenanceInput> = {}) => {
    const input: MaintenanceInput = { collection: massive.name, limit: 100, ...more };
    return massive.client.workflow.start(WORKFLOWS.maintenance, {
      workflowId: maintenanceWorkflowId(massive.name),
      taskQueue: massive.name,
      args: [input],
    });
  };
  const stateOf = async (run: WorkflowHandle): Promise<string | undefined> =>
    (await run.describe()).typedSearchAttributes.get(STATE_ATTRIBUTE);
  const count = async (what: string): Promise<number> =>
    (await massive.stack.sql<{ n: number }>(`select count(*)::int as n from ${what}`))[0]?.n ?? 0;

  it('that is cancelled queues what it uploaded, and releases its leases', async () => {
    // One consult gets no answer, so the batch cannot end before it is cancelled.
    massive.stack.simulator.control.fault({ kind: 'slow', path: '/consult/', delayMs: 600_000 });
    const run = await start();
    await eventually(async () => (await count('storage.objects')) === 99);
    await run.cancel();
    const error: unknown = await run.result().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect((error as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    expect(await stateOf(run)).toBe('stopped');
    expect(await count('storage.objects')).toBe(99);
    expect(await count('public.files_queue')).toBe(99);
    expect(await count('legisync.documents where held_until is not null')).toBe(0);
  });

  it('takes at most its limit, and the next runs take the rest', async () => {
    let queued = await count('public.files_queue');
    for (let runs = 0; queued < 200 && runs < 5; runs += 1) {
      const { totals, quotaSpent } = (await (await start()).result()) as MaintenanceResult;
      expect(totals.queued + totals.unchanged).toBeLessThanOrEqual(100);
      expect(quotaSpent).toBe(false);
      queued += totals.queued;
    }
    expect(queued).toBe(200);
    expect(await count('public.files_queue')).toBe(200);
    expect((await massive.stack.gateway.stats()).sameHashUploadsMax).toBe(1);
    const last = massive.client.workflow.getHandle(maintenanceWorkflowId(massive.name));
    expect(await stateOf(last)).toBe('completed');
  });

  it('that fails, or that ends early, does not look completed', async () => {
    const unknown = await start({ sources: ['nosuch'] });
    await expect(unknown.result()).rejects.toBeInstanceOf(WorkflowFailedError);
    expect(await stateOf(unknown)).toBe('failed');

    await worker.stop();
    // Nothing is left of the quota after the first page and some documents.
    worker = startWorker(
      massive.env({
        LEGISYNC_MAINTENANCE_SINCE_DAYS: '3650',
        LEGISYNC_QUOTA_PER_HOUR: '10',
        LEGISYNC_QUOTA_PACING: 'burst',
      }),
    );
    await worker.ready;
    await massive.stack.sql(`update legisync.documents set next_attempt_at = now()`);
    const early = await start();
    expect(await early.result()).toMatchObject({ quotaSpent: true });
    expect(await stateOf(early)).toBe('incomplete');
  });
});
