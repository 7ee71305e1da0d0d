import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import type { MassiveProgress } from '../../src/contract/collecting.ts';
import { UPDATES } from '../../src/contract/names.ts';
import { STATE_ATTRIBUTE } from '../../src/workflows/attributes.ts';
import { acceptedUpdates, refusalOf, scheduled } from '../support/history.ts';
import { openMassive, runsOfChain, type MassiveStack } from '../support/massive.ts';
import { untilBlocked, withSession } from '../support/sessions.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';

const CODE = 'LEGITEXT000099000003';
const ARTICLES = 1_000;

describe('a MASSIVE collection', () => {
  let massive: MassiveStack;
  let worker: WorkerProcess;

  beforeEach(async () => {
    massive = await openMassive([{ kind: 'codes', name: 'codes', codes: [CODE] }], {
      legifrance: {
        codes: [],
        syntheticCodes: [{ id: CODE, title: 'Code de la conduite', articles: ARTICLES }],
        // Two lanes consult at most 50 documents per second, however fast the machine is.
        latency: { fixedMs: 400 },
      },
    });
    worker = startWorker(massive.env());
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
  /** The failure code of a pending activity. */
  const problem = async (): Promise<string | undefined> => {
    const { raw } = await massive.handle().describe();
    return (
      raw.pendingActivities
        ?.map((activity) => activity.lastFailure?.applicationFailureInfo?.type)
        .find(Boolean) ?? undefined
    );
  };

  /** Holds up the end of every batch: no row can be written while `use` runs. */
  const whileQueueIsLocked = (use: () => Promise<void>): Promise<void> =>
    withSession(massive.stack.databaseUrl, async ({ client, pid }) => {
      await client.query('begin');
      await client.query('lock table public.files_queue in share row exclusive mode');
      await massive.start();
      await untilBlocked(massive.stack, pid);
      await use();
      await client.query('rollback');
    });
  const stateShown = async (): Promise<string | undefined> =>
    (await massive.handle().describe()).typedSearchAttributes.get(STATE_ATTRIBUTE);
  const progress = (): Promise<MassiveProgress> => massive.handle().query<MassiveProgress>('progress');
  const busyIs = (lanes: number): Promise<void> => eventually(async () => (await progress()).busy === lanes);

  it('pauses: running batches end, no other begins, and only then it says paused; and resumes', async () => {
    await whileQueueIsLocked(async () => {
      const paused = await update(UPDATES.pause, { reason: 'a test' });
      expect(paused).toMatchObject({ state: 'pausing', controls: { paused: true } });
      expect(paused.busy).toBeGreaterThan(0);
      expect(await stateShown()).toBe('pausing');
    });
    await busyIs(0);
    expect((await progress()).state).toBe('paused');
    await eventually(async () => (await stateShown()) === 'paused');
    expect(await massive.stack.supabase.catalogue.controls(massive.name)).toEqual({ paused: true, lanes: 2 });
    const before = await rows();
    expect(before).toBeGreaterThan(0);

    await update(UPDATES.resume);
    await eventually(async () => (await rows()) > before);
    expect((await massive.stack.gateway.stats()).uploadsPerObjectMax).toBe(1);
    const [run = []] = await runsOfChain(massive);
    const [pause, resume] = acceptedUpdates(run);
    if (pause === undefined || resume === undefined) throw new Error('The history has no two Updates.');
    expect([pause.name, resume.name]).toEqual([UPDATES.pause, UPDATES.resume]);
    const fetches = scheduled(run, 'fetchDocuments').map(({ eventId }) => Number(eventId));
    expect(fetches.filter((id) => id > pause.eventId && id < resume.eventId)).toEqual([]);
    expect(fetches.some((id) => id < pause.eventId)).toBe(true);
    expect(fetches.some((id) => id > resume.eventId)).toBe(true);
  });

  it('shows its rate, what is due and the time left', async () => {
    await massive.start();
    let shown = await progress();
    await eventually(async () => (shown = await progress()).secondsLeft !== null);
    const { rate, backlog, secondsLeft } = shown;
    expect(rate).toBeGreaterThan(0);
    expect(backlog?.due).toBeLessThan(ARTICLES);
    expect(secondsLeft).toBe(Number(backlog?.due) / Number(rate));
    await eventually(async () => {
      const { currentDetails = '' } = await massive
        .handle()
        .query<{ currentDetails?: string }>('__temporal_workflow_metadata');
      return ['documents per second', 'documents due', 'time left'].every((text) =>
        currentDetails.includes(`| ${text} |`),
      );
    });
    // Nothing is left, and nothing is being collected.
    await eventually(async () => (await progress()).state === 'waiting');
    expect(await progress()).toMatchObject({
      rate: null,
      backlog: { due: 0, openSlices: 0 },
      secondsLeft: null,
    });
  });

  it('refuses a number of lanes out of bounds before it enters the history, and applies one within', async () => {
    await whileQueueIsLocked(async () => {
      for (const lanes of [0, 17, 1.5]) {
        const failure = await refusalOf(update(UPDATES.setLanes, lanes));
        expect(failure).toMatchObject({ type: 'CONFIG_INVALID' });
        expect(failure.message).toContain('from 1 to 16');
      }
      expect((await update(UPDATES.setLanes, 5)).controls.lanes).toBe(5);
      await busyIs(5);
      expect((await update(UPDATES.setLanes, 1)).controls.lanes).toBe(1);
    });
    await busyIs(1);
    const [run = []] = await runsOfChain(massive);
    expect(acceptedUpdates(run).map(({ name }) => name)).toEqual([UPDATES.setLanes, UPDATES.setLanes]);
  });

  it('stops: queues what it uploaded, releases the rest, and a new workflow collects it', async () => {
    await massive.start();
    await eventually(async () => (await rows()) > 0);
    expect((await update(UPDATES.stop)).state).toBe('stopping');
    const { state, totals } = (await massive.handle().result()) as MassiveProgress;
    expect(state).toBe('stopped');
    expect(await stateShown()).toBe('stopped');
    expect(await rows()).toBe(totals.queued);
    const [objects] = await massive.stack.sql<{ n: number }>(
      'select count(*)::int as n from storage.objects',
    );
    expect(objects?.n).toBe(totals.queued);
    expect(totals.queued).toBeLessThan(ARTICLES);

    massive.stack.simulator.control.setLatency({ fixedMs: 0 });
    await massive.start();
    await eventually(async () => (await rows()) === ARTICLES);
    expect((await massive.stack.gateway.stats()).uploadsPerObjectMax).toBe(1);
    // Only consults in flight at the Update are aborted and repeated: ten for each of two lanes.
    const { total, maxPerDocument } = massive.stack.simulator.control.stats().consults;
    expect(total).toBeLessThanOrEqual(ARTICLES + 20);
    expect(maxPerDocument).toBeLessThanOrEqual(2);
  });

  it('queues what it uploaded before an outage of Légifrance, can be stopped during it, and continues after it', async () => {
    await massive.start();
    await eventually(async () => (await rows()) > 0);
    massive.stack.simulator.control.fault({ kind: 'status', status: 503, times: 1_000_000 });
    await eventually(async () => (await objects()) === (await rows()) && (await problem()) !== undefined);
    expect(await problem()).toBe('LEGIFRANCE_UNAVAILABLE');
    await update(UPDATES.stop);
    await massive.handle().result();
    expect(await rows()).toBe(await objects());
    const [held] = await massive.stack.sql<{ n: number }>(
      'select count(*)::int as n from legisync.documents where held_until is not null',
    );
    expect(held?.n).toBe(0);

    massive.stack.simulator.control.clearFaults();
    massive.stack.simulator.control.setLatency({ fixedMs: 0 });
    await massive.start();
    await eventually(async () => (await rows()) === ARTICLES);
    expect((await massive.stack.gateway.stats()).uploadsPerObjectMax).toBe(1);
  });

  it('that is cancelled in the Web UI queues what it uploaded', async () => {
    await massive.start();
    await eventually(async () => (await rows()) > 0);
    await massive.handle().cancel();
    const error: unknown = await massive
      .handle()
      .result()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect((error as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    expect(await stateShown()).toBe('stopped');
    const [objects] = await massive.stack.sql<{ n: number }>(
      'select count(*)::int as n from storage.objects',
    );
    expect(await rows()).toBe(objects?.n);
  });

  it('survives a SIGTERM to its worker: exit code 0, and the next worker continues', async () => {
    await massive.start();
    await eventually(async () => (await rows()) > 0);
    const startedAt = performance.now();
    expect(await worker.stop()).toBe(0);
    // Orchestrators kill a worker after 30 s.
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    const consulted = massive.stack.simulator.control.stats().consults.total;

    worker = startWorker(massive.env());
    massive.stack.simulator.control.setLatency({ fixedMs: 0 });
    await eventually(async () => (await rows()) === ARTICLES);
    const stats = await massive.stack.gateway.stats();
    expect(stats.uploadsPerObjectMax).toBe(1);
    // Only consults in flight at the signal may be repeated.
    expect(massive.stack.simulator.control.stats().consults.total).toBeLessThanOrEqual(ARTICLES + 20);
    expect(consulted).toBeLessThan(ARTICLES);
  });

  it('survives a SIGTERM although Storage does not answer: exit code 0, and the next worker continues', async () => {
    await worker.stop();
    worker = startWorker(massive.env({ LEGISYNC_SHUTDOWN_GRACE_SECONDS: '1' }));
    massive.stack.gateway.control.fault({
      kind: 'delay',
      delayMs: 600_000,
      match: '^POST /storage/v1/object/',
    });
    await massive.start();
    // Ten uploads of each lane wait for an answer.
    await eventually(() => Promise.resolve(massive.stack.simulator.control.stats().consults.total >= 20));
    expect(await worker.stop()).toBe(0);
    expect(worker.output()).not.toContain('Worker still in use');

    massive.stack.gateway.control.clear();
    massive.stack.simulator.control.setLatency({ fixedMs: 0 });
    worker = startWorker(massive.env());
    await eventually(async () => (await rows()) === ARTICLES);
  });

  it('that is lost with Temporal continues from Postgres, with the operator’s settings', async () => {
    await massive.start();
    await eventually(async () => (await rows()) > 0);
    await update(UPDATES.setLanes, 3);
    // Like the loss of the server's database: the workflow is gone in the middle of its batches.
    await massive.handle().terminate('Temporal’s database is lost');
    const controls = await massive.stack.supabase.catalogue.controls(massive.name);
    expect(controls).toEqual({ paused: false, lanes: 3 });

    massive.stack.simulator.control.setLatency({ fixedMs: 0 });
    await massive.start(controls === null ? {} : { controls });
    await eventually(async () => (await massive.stack.supabase.catalogue.counts(massive.name)).passComplete);
    expect(await rows()).toBe(ARTICLES);
    // Activities of the lost workflow run until a heartbeat cancels them. At most their batches are
    // uploaded twice.
    const [twice] = await massive.stack.sql<{ n: number }>(
      'select count(*)::int as n from (select name from gateway.uploads group by name having sum(uploads) > 1) t',
    );
    expect(twice?.n).toBeLessThanOrEqual(200);
  });
});
