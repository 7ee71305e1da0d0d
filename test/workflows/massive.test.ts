import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { MassiveProgress } from '../../src/contract/collecting.ts';
import { UPDATES } from '../../src/contract/names.ts';
import { STATE_ATTRIBUTE } from '../../src/workflows/attributes.ts';
import { openMassive, type MassiveStack } from '../support/massive.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';

const CODE = 'LEGITEXT000099000003';
const ARTICLES = 2_000;

describe('a MASSIVE collection', () => {
  let massive: MassiveStack;
  let worker: WorkerProcess;

  beforeEach(async () => {
    massive = await openMassive([{ kind: 'codes', name: 'codes', codes: [CODE] }], {
      legifrance: {
        codes: [],
        syntheticCodes: [{ id: CODE, title: 'Code de la conduite', articles: ARTICLES }],
        // Slow enough that there is always something left to steer.
        rate: 100,
      },
    });
    worker = startWorker(massive.env({ LEGISYNC_QUOTA_PER_SECOND: '100' }));
    await worker.ready;
  });

  afterEach(async () => {
    await worker.stop();
    await massive.close();
  });

  const update = (name: string, arg?: unknown): Promise<MassiveProgress> =>
    massive.handle().executeUpdate<MassiveProgress, [unknown]>(name, { args: [arg] });
  const rows = async (): Promise<number> =>
    (await massive.stack.sql<{ n: number }>('select count(*)::int as n from public.files_queue'))[0]?.n ?? 0;
  const objects = async (): Promise<number> =>
    (await massive.stack.sql<{ n: number }>('select count(*)::int as n from storage.objects'))[0]?.n ?? 0;
  /** What the pending activities say is wrong. */
  const problem = async (): Promise<string | undefined> => {
    const { raw } = await massive.handle().describe();
    return (
      raw.pendingActivities
        ?.map((activity) => activity.lastFailure?.applicationFailureInfo?.type)
        .find(Boolean) ?? undefined
    );
  };
  const requests = (): number => massive.stack.simulator.control.stats().api.total;

  it('pauses: the batches in work end, no other begins; and resumes where it was', async () => {
    await massive.start();
    await eventually(async () => (await rows()) > 0);
    const paused = await update(UPDATES.pause, { reason: 'a test' });
    expect(paused.controls.paused).toBe(true);
    await eventually(async () => (await massive.handle().query<MassiveProgress>('progress')).busy === 0);
    const still = requests();
    const { state } = await massive.handle().query<MassiveProgress>('progress');
    expect(state).toBe('paused');
    const described = await massive.handle().describe();
    expect(described.typedSearchAttributes.get(STATE_ATTRIBUTE)).toBe('paused');
    expect(requests()).toBe(still);
    expect(await massive.stack.supabase.catalogue.controls(massive.name)).toEqual({ paused: true, lanes: 2 });

    const before = await rows();
    await update(UPDATES.resume);
    await eventually(async () => (await rows()) > before);
    expect((await massive.stack.gateway.stats()).uploadsPerObjectMax).toBe(1);
  });

  it('refuses a concurrency out of bounds before it enters history, and obeys one within', async () => {
    await massive.start();
    for (const lanes of [0, 17, 1.5]) {
      const refused = update(UPDATES.setConcurrency, lanes);
      await expect(refused).rejects.toThrow(WorkflowUpdateFailedError);
      await refused.catch((error: unknown) => {
        expect((error as WorkflowUpdateFailedError).cause?.message).toContain('from 1 to 16');
      });
    }
    expect((await update(UPDATES.setConcurrency, 5)).controls.lanes).toBe(5);
    await eventually(async () => (await massive.handle().query<MassiveProgress>('progress')).busy === 5);
    expect((await update(UPDATES.setConcurrency, 1)).controls.lanes).toBe(1);
    await eventually(async () => (await massive.handle().query<MassiveProgress>('progress')).busy === 1);
  });

  it('stops: hands back what it has not reached, queues what it has, and a new one goes on there', async () => {
    await massive.start();
    await eventually(async () => (await rows()) > 0);
    expect((await update(UPDATES.stop)).state).toBe('stopping');
    const { totals } = (await massive.handle().result()) as MassiveProgress;
    expect(await rows()).toBe(totals.queued);
    const [objects] = await massive.stack.sql<{ n: number }>(
      'select count(*)::int as n from storage.objects',
    );
    expect(objects?.n).toBe(totals.queued);
    expect(totals.queued).toBeLessThan(ARTICLES);

    massive.stack.simulator.control.setRate(500);
    await massive.start();
    await eventually(async () => (await rows()) === ARTICLES);
    expect((await massive.stack.gateway.stats()).uploadsPerObjectMax).toBe(1);
    expect(massive.stack.simulator.control.stats().consults.maxPerDocument).toBe(1);
  });

  it('queues what it has when Légifrance goes away, can be stopped meanwhile, and goes on when it is back', async () => {
    await massive.start();
    await eventually(async () => (await rows()) > 0);
    massive.stack.simulator.control.fault({ kind: 'status', status: 503, times: 1_000_000 });
    await eventually(async () => (await objects()) === (await rows()) && (await problem()) !== undefined);
    expect(await problem()).toContain('LEGIFRANCE_UNAVAILABLE');
    await update(UPDATES.stop);
    await massive.handle().result();
    expect(await rows()).toBe(await objects());
    const [held] = await massive.stack.sql<{ n: number }>(
      'select count(*)::int as n from legisync.documents where held_until is not null',
    );
    expect(held?.n).toBe(0);

    massive.stack.simulator.control.clearFaults();
    massive.stack.simulator.control.setRate(500);
    await massive.start();
    await eventually(async () => (await rows()) === ARTICLES);
    expect((await massive.stack.gateway.stats()).uploadsPerObjectMax).toBe(1);
  }, 180_000);

  it('that is cancelled in the Web UI queues what it uploaded', async () => {
    await massive.start();
    await eventually(async () => (await rows()) > 0);
    await massive.handle().cancel();
    await expect(massive.handle().result()).rejects.toThrow();
    const [objects] = await massive.stack.sql<{ n: number }>(
      'select count(*)::int as n from storage.objects',
    );
    expect(await rows()).toBe(objects?.n);
  });

  it('is told to stop by SIGTERM to its worker: exit code 0, and the next worker goes on', async () => {
    await massive.start();
    await eventually(async () => (await rows()) > 0);
    const startedAt = performance.now();
    expect(await worker.stop()).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    const consulted = massive.stack.simulator.control.stats().consults.total;

    worker = startWorker(massive.env());
    massive.stack.simulator.control.setRate(500);
    await eventually(async () => (await rows()) === ARTICLES);
    const stats = await massive.stack.gateway.stats();
    expect(stats.uploadsPerObjectMax).toBe(1);
    // What was in the air when the signal came may be consulted again, nothing else.
    expect(massive.stack.simulator.control.stats().consults.total).toBeLessThanOrEqual(ARTICLES + 20);
    expect(consulted).toBeLessThan(ARTICLES);
  });

  it('that is lost with Temporal goes on from Postgres, with the operator’s word kept', async () => {
    await massive.start();
    await eventually(async () => (await rows()) > 0);
    await update(UPDATES.setConcurrency, 3);
    // As hard as losing the server's database: the workflow is gone in the middle of its batches.
    await massive.handle().terminate('Temporal’s database is lost');
    const controls = await massive.stack.supabase.catalogue.controls(massive.name);
    expect(controls).toEqual({ paused: false, lanes: 3 });

    massive.stack.simulator.control.setRate(500);
    await massive.start(controls === null ? {} : { controls });
    await eventually(async () => (await massive.stack.supabase.catalogue.counts(massive.name)).passComplete);
    expect(await rows()).toBe(ARTICLES);
    // Activities of the lost workflow went on until their heartbeats told them: at most what they had in work.
    const [twice] = await massive.stack.sql<{ n: number }>(
      'select count(*)::int as n from (select name from gateway.uploads group by name having sum(uploads) > 1) t',
    );
    expect(twice?.n).toBeLessThanOrEqual(200);
  });
});
