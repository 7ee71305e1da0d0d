import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
import type { CoherenceInput, CoherenceResult } from '../../src/contract/coherence.ts';
import { coherenceScheduleId, WORKFLOWS } from '../../src/contract/names.ts';
import { applySchedules } from '../../src/schedules/plan.ts';
import { STATE_ATTRIBUTE } from '../../src/workflows/attributes.ts';
import { openBackfill, type BackfillStack } from '../support/backfilling.ts';
import { GRACE, plantMix, queueAll } from '../support/coherence.ts';
import { emptyTables } from '../support/queue.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';

const LIMITS = { missingLimit: 100, gapPercent: 10, requeueHours: 24 };
const FULL_READING = join(__dirname, '../../supabase/schemas/coherence/full_reading.sql');

let env: BackfillStack;
let worker: WorkerProcess;

beforeAll(async () => {
  env = await openBackfill();
  worker = startWorker(env.env());
  await worker.ready;
});
beforeEach(() => emptyTables(env.stack));
afterAll(async () => {
  await worker.stop();
  await env.close();
});

const start = (bucket: string) => {
  const input: CoherenceInput = { bucket, kind: 'full', graceSeconds: GRACE, limits: LIMITS };
  return env.client.workflow.start(WORKFLOWS.coherence, {
    workflowId: `${coherenceScheduleId(bucket)}:test`,
    taskQueue: env.taskQueue,
    args: [input],
  });
};

describe('the workflow checkCoherence', () => {
  it('returns its reading and verdict, and shows the verdict in the Web UI', async () => {
    const bucket = await plantMix(env.stack);
    const handle = await start(bucket);
    const result = (await handle.result()) as CoherenceResult;
    expect(result).toMatchObject({
      reading: { kind: 'full', bucket, missing: 140 },
      verdict: { state: 'desynchronised', next: 'legisync backfill --dry-run' },
    });
    expect(result.problem).toBeUndefined();
    expect(JSON.stringify(result).length).toBeLessThan(50_000);
    expect((await handle.describe()).typedSearchAttributes.get(STATE_ATTRIBUTE)).toBe('desynchronised');
    expect(await env.stack.sql('select kind from legisync.coherence_checks')).toEqual([{ kind: 'full' }]);
    // It repairs nothing.
    expect(
      await env.stack.sql('select from public.files_queue where dangling_since is not null'),
    ).toHaveLength(5);
  });

  it('is started by its schedule, and finds a coherent queue coherent', async () => {
    const bucket = await env.bucket(50);
    await queueAll(env.stack, bucket);
    await applySchedules(env.client, {
      bucket,
      taskQueue: env.taskQueue,
      coherence: { cron: '30 4 1 1 *', graceSeconds: GRACE, ...LIMITS },
      maintenance: { collections: [], cron: '', timezone: 'UTC', limit: 1, pageSize: 1, sinceDays: 1 },
    });
    const schedule = env.client.schedule.getHandle(coherenceScheduleId(bucket));
    try {
      await schedule.trigger();
      let workflowId = '';
      await eventually(async () => {
        workflowId = (await schedule.describe()).info.recentActions[0]?.action.workflow.workflowId ?? '';
        return workflowId !== '';
      });
      const handle = env.client.workflow.getHandle(workflowId);
      expect(await handle.result()).toMatchObject({ verdict: { state: 'coherent', next: null } });
      expect((await handle.describe()).typedSearchAttributes.get(STATE_ATTRIBUTE)).toBe('coherent');
    } finally {
      await schedule.delete();
    }
  });

  it('takes a cheap reading, with the reason, if the database cancels the full one', async () => {
    const bucket = await env.bucket(50);
    await env.stack.sql(`
      create or replace function legisync.full_reading(p_bucket text, p_grace interval) returns jsonb
        language plpgsql stable as $$ begin perform pg_sleep(5); return '{}'; end $$;
      alter function public.legisync_measure_coherence(text, text, integer) set statement_timeout = '500ms'`);
    try {
      expect(await (await start(bucket)).result()).toMatchObject({
        reading: { kind: 'cheap', storage: { count: 53 } },
        problem: expect.stringContaining('cancelled the full reading') as string,
      });
    } finally {
      await env.stack.sql(readFileSync(FULL_READING, 'utf8'));
      await env.stack.sql(
        `alter function public.legisync_measure_coherence(text, text, integer) set statement_timeout = '30s'`,
      );
    }
  });

  it('that the database cancels altogether fails, and does not look as if it were still checking', async () => {
    const bucket = await env.bucket(50);
    await env.stack.sql(
      `alter function public.legisync_measure_coherence(text, text, integer) set statement_timeout = '1ms'`,
    );
    try {
      const handle = await start(bucket);
      await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
      expect((await handle.describe()).typedSearchAttributes.get(STATE_ATTRIBUTE)).toBe('failed');
    } finally {
      await env.stack.sql(
        `alter function public.legisync_measure_coherence(text, text, integer) set statement_timeout = '30s'`,
      );
    }
  });
});
