import { WorkflowFailedError } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { MaintenanceInput, MaintenanceResult } from '../../src/contract/collecting.ts';
import { maintenanceWorkflowId, WORKFLOWS } from '../../src/contract/names.ts';
import { openMassive, type MassiveStack } from '../support/massive.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';

const STATE = defineSearchAttributeKey('LegisyncState', SearchAttributeType.KEYWORD);

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
    // Slow enough to be cancelled in the middle.
    worker = startWorker(
      massive.env({ LEGISYNC_QUOTA_PER_SECOND: '40', LEGISYNC_MAINTENANCE_SINCE_DAYS: '3650' }),
    );
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

  it('that is cancelled queues what it uploaded, and leaves no claim behind', async () => {
    const run = await start();
    await eventually(async () => (await count('storage.objects')) > 10);
    await run.cancel();
    await expect(run.result()).rejects.toThrow(WorkflowFailedError);
    const objects = await count('storage.objects');
    expect(objects).toBeLessThan(100);
    expect(await count('public.files_queue')).toBe(objects);
    expect(await count('legisync.documents where held_until is not null')).toBe(0);
  });

  it('takes at most its limit, and the next ones take the rest', async () => {
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
    expect(described.typedSearchAttributes.get(STATE)).toBe('completed');
  }, 120_000);
});
