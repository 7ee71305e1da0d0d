import { WorkflowFailedError } from '@temporalio/client';
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

  const start = () => {
    const input: MaintenanceInput = { collection: massive.name, limit: 100 };
    return massive.client.workflow.start(WORKFLOWS.maintenance, {
      workflowId: maintenanceWorkflowId(massive.name),
      taskQueue: massive.name,
      args: [input],
    });
  };
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
    const described = await massive.client.workflow.getHandle(maintenanceWorkflowId(massive.name)).describe();
    expect(described.typedSearchAttributes.get(STATE_ATTRIBUTE)).toBe('completed');
  });
});
