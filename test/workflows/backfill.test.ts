import { ScheduleOverlapPolicy, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { BackfillProgress } from '../../src/contract/backfill.ts';
import { backfillWorkflowId, UPDATES, WORKFLOWS } from '../../src/contract/names.ts';
import { STATE_ATTRIBUTE } from '../../src/workflows/attributes.ts';
import { openBackfill, progressOf, resultOf, type BackfillStack } from '../support/backfilling.ts';
import { countsOf, PLAIN } from '../support/buckets.ts';
import { whileChunkIsHeld } from '../support/heldChunk.ts';
import { acceptedUpdates, refusalOf, scheduled } from '../support/history.ts';
import { emptyTables } from '../support/queue.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';

let backfill: BackfillStack;
let worker: WorkerProcess;

beforeAll(async () => {
  backfill = await openBackfill();
  worker = startWorker(backfill.env());
  await worker.ready;
});
beforeEach(() => emptyTables(backfill.stack));
afterAll(async () => {
  await worker.stop();
  await backfill.close();
});

/** The failure of a workflow. @throws Error if it did not fail */
async function failureOf(result: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof WorkflowFailedError) {
    for (let cause = error.cause; cause instanceof Error; cause = cause.cause as Error | undefined) {
      if (cause instanceof ApplicationFailure) return cause;
    }
  }
  throw new Error('Expected a workflow that fails with an ApplicationFailure.', { cause: error });
}

describe('the workflow backfillFilesQueue', () => {
  it('queues everything, verifies, and shows it in the Web UI', async () => {
    const bucket = await backfill.bucket(3_000);
    const handle = await backfill.start(bucket);
    const { run, timeouts } = await resultOf(handle);
    expect(run).toMatchObject({ state: 'completed', queued: 3_000, missing: 0, skipped: 3 });
    expect(timeouts).toBe(0);
    expect(await countsOf(backfill.stack, bucket)).toEqual({ rows: 3_000, paths: 3_000, missing: 0 });
    expect(await progressOf(handle)).toMatchObject({ phase: 'end', paused: false, objects: 3_003 });
    const { typedSearchAttributes } = await handle.describe();
    expect(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value])).toContainEqual([
      'LegisyncState',
      'completed',
    ]);
  });

  it('finishes its chunk when it is paused, begins no other, and continues after resume', async () => {
    const bucket = await backfill.bucket(3_000);
    const handle = await whileChunkIsHeld(backfill, {
      bucket,
      object: 1_500,
      begin: () => backfill.start(bucket),
      meanwhile: async (running) => {
        expect((await pause(running, 'peak hours')).paused).toBe(true);
      },
    });
    await eventually(async () => (await progressOf(handle)).run?.chunks === 2);
    await handle.executeUpdate(UPDATES.resume);
    const { run } = await resultOf(handle);
    expect(run).toMatchObject({ queued: 3_000, missing: 0 });

    const events = (await handle.fetchHistory()).events ?? [];
    const [paused, resumed] = acceptedUpdates(events).map(({ eventId }) => eventId);
    if (paused === undefined || resumed === undefined) throw new Error('The history has no two Updates.');
    const chunks = scheduled(events, 'backfillChunk').map(({ eventId }) => Number(eventId));
    expect(chunks.filter((id) => id < paused)).toHaveLength(2);
    expect(chunks.filter((id) => id > paused && id < resumed)).toEqual([]);
  });

  it.each([
    ['that is not a text', 42],
    ['of more than 200 characters', 'x'.repeat(201)],
  ])('refuses a reason %s before it enters the history', async (_, reason) => {
    const bucket = await backfill.bucket(3_000);
    const handle = await whileChunkIsHeld(backfill, {
      bucket,
      object: 1_500,
      begin: () => backfill.start(bucket),
      meanwhile: async (running) => {
        expect(await refusalOf(pause(running, reason))).toMatchObject({ type: 'CONFIG_INVALID' });
        expect((await progressOf(running)).paused).toBe(false);
        expect((await pause(running, 'x'.repeat(200))).paused).toBe(true);
        await running.executeUpdate(UPDATES.resume);
      },
    });
    await resultOf(handle);
    const { events } = await handle.fetchHistory();
    expect(acceptedUpdates(events ?? []).map(({ name }) => name)).toEqual([UPDATES.pause, UPDATES.resume]);
  });

  it('continues as new and keeps its figures', async () => {
    const bucket = await backfill.bucket(8_000);
    const handle = await backfill.start(bucket, { maxEvents: 30 });
    const first = (await handle.describe()).runId;
    const { run } = await resultOf(handle);
    expect((await handle.describe()).runId).not.toBe(first);
    expect(run).toMatchObject({ queued: 8_000, scanned: 8_003, missing: 0 });
    expect(
      await backfill.stack.sql(
        `select sum(scanned)::int as n from legisync.backfill_chunks where run = $1 and phase = 'queue'`,
        [run.id],
      ),
    ).toEqual([{ n: 8_000 }]);
  });

  it('finishes on a database that cancels its chunks: they become half as large, and grow again', async () => {
    const bucket = await backfill.bucket(8_000);
    // A slow database: a chunk of 8,000 rows takes longer than the statement timeout.
    await backfill.stack.sql(`
      create function public.slow() returns trigger language plpgsql as
        $$ begin perform pg_sleep((select count(*) from added) * 0.0001); return null; end $$;
      create trigger slow after insert on public.files_queue referencing new table as added
        for each statement execute function public.slow();
      alter function public.legisync_backfill_chunk(bigint, text, text, integer) set statement_timeout = '400ms'`);
    try {
      const { run, timeouts } = await resultOf(await backfill.start(bucket, { chunk: 8_000 }));
      expect(run).toMatchObject({ queued: 8_000, missing: 0 });
      expect(timeouts).toBeGreaterThan(0);
      const steps = await backfill.stack.sql<{ scanned: number }>(
        'select scanned from legisync.backfill_chunks where run = $1 and changed > 0',
        [run.id],
      );
      expect(Math.max(...steps.map(({ scanned }) => scanned))).toBeLessThan(8_000);
    } finally {
      await backfill.stack.sql(`
        drop trigger slow on public.files_queue; drop function public.slow;
        alter function public.legisync_backfill_chunk(bigint, text, text, integer) set statement_timeout = '30s'`);
    }
  });

  it('on a database that cancels even the smallest chunk says so, and continues when it does not', async () => {
    const bucket = await backfill.bucket(3_000);
    const limit = (ms: number) =>
      backfill.stack.sql(
        `alter function public.legisync_backfill_chunk(bigint, text, text, integer) set statement_timeout = '${ms}ms'`,
      );
    const stateShown = async () => (await handle.describe()).typedSearchAttributes.get(STATE_ATTRIBUTE) ?? '';
    await limit(1);
    const handle = await backfill.start(bucket);
    await eventually(async () => (await stateShown()) === 'failing');
    expect(await progressOf(handle)).toMatchObject({ state: 'failing', size: 100 });
    await limit(30_000);
    expect((await resultOf(handle)).run).toMatchObject({ queued: 3_000, missing: 0 });
    expect(await stateShown()).toBe('completed');
  });

  it('refuses to run from a schedule, with the reason (invariant 11)', async () => {
    const bucket = await backfill.bucket(10);
    const workflowId = backfillWorkflowId(bucket);
    const schedule = await backfill.client.schedule.create({
      scheduleId: `nightly-${bucket}`,
      spec: {},
      policies: { overlap: ScheduleOverlapPolicy.SKIP },
      action: {
        type: 'startWorkflow',
        workflowType: WORKFLOWS.backfill,
        workflowId,
        taskQueue: backfill.taskQueue,
        args: [{ bucket, start: 'new', options: PLAIN, chunk: 1_000 }],
      },
    });
    try {
      await schedule.trigger();
      let started: string | undefined;
      await eventually(async () => {
        started = (await schedule.describe()).info.recentActions[0]?.action.workflow.workflowId;
        return started !== undefined;
      });
      const failure = await failureOf(backfill.client.workflow.getHandle(started ?? '').result());
      expect(failure).toMatchObject({ type: 'BACKFILL_REFUSED', nonRetryable: true });
      expect(failure.message).toMatch(/never runs from a schedule.*legisync coherence/);
      expect(await countsOf(backfill.stack, bucket)).toMatchObject({ rows: 0 });
    } finally {
      await schedule.delete();
    }
  });

  it('refuses another workflow id than the bucket’s, so that there is one at a time, and a chunk out of bounds', async () => {
    const bucket = await backfill.bucket(10);
    const other = await backfill.client.workflow.start(WORKFLOWS.backfill, {
      workflowId: `other-${bucket}`,
      taskQueue: backfill.taskQueue,
      args: [{ bucket, start: 'new', options: PLAIN, chunk: 1_000 }],
    });
    expect(await failureOf(other.result())).toMatchObject({ type: 'BACKFILL_REFUSED' });
    const tiny = await backfill.start(bucket, { chunk: 10 });
    expect(await failureOf(tiny.result())).toMatchObject({ type: 'CONFIG_INVALID' });
    for (const refused of [other, tiny])
      expect((await refused.describe()).typedSearchAttributes.get(STATE_ATTRIBUTE)).toBe('failed');
    expect(await countsOf(backfill.stack, bucket)).toMatchObject({ rows: 0 });
  });
});

const pause = (handle: WorkflowHandle, reason: unknown): Promise<BackfillProgress> =>
  handle.executeUpdate<BackfillProgress, [{ reason: unknown }]>(UPDATES.pause, { args: [{ reason }] });
