import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MassiveProgress } from '../../src/contract/collecting.ts';
import { UPDATES } from '../../src/contract/names.ts';
import { openMassive, runsOfChain, type MassiveStack } from '../support/massive.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';

const FORGET_LISTINGS = join(import.meta.dirname, '../../supabase/schemas/enumeration/forget_listings.sql');
const CODE = 'LEGITEXT000099000013';
const ARTICLES = 300;

let massive: MassiveStack;
let worker: WorkerProcess;

beforeEach(async () => {
  massive = await openMassive([{ kind: 'codes', name: 'codes', codes: [CODE] }], {
    legifrance: { codes: [], syntheticCodes: [{ id: CODE, title: 'Code en attente', articles: ARTICLES }] },
  });
});
afterEach(async () => {
  await worker.stop();
  await massive.close();
});

const progress = (): Promise<MassiveProgress> => massive.handle().query<MassiveProgress>('progress');
const rows = async (): Promise<number> =>
  (await massive.stack.sql<{ n: number }>('select count(*)::int as n from public.files_queue'))[0]?.n ?? 0;

/** Starts a worker that may send `perHour` requests, as fast as it can. */
async function work(perHour: number): Promise<void> {
  worker = startWorker(
    massive.env({
      LEGISYNC_QUOTA_PER_HOUR: String(perHour),
      LEGISYNC_QUOTA_RESERVE_PERCENT: '0',
      LEGISYNC_QUOTA_PACING: 'burst',
    }),
  );
  await worker.ready;
}

describe('a MASSIVE collection that is held up', () => {
  it('by a spent quota says which one and until when, and continues when it was raised', async () => {
    await work(60);
    await massive.start();
    await eventually(async () => (await progress()).state === 'quota');
    const { holdUp } = await progress();
    expect(holdUp).toMatchObject({
      code: 'QUOTA_SPENT',
      message: expect.stringContaining('hour (60 requests, LEGISYNC_QUOTA_PER_HOUR) is spent') as string,
    });
    // One batch tries again after 15 minutes, although the hour has no room yet.
    expect(Date.parse(holdUp?.nextTry ?? '') - Date.parse(holdUp?.at ?? '')).toBe(900_000);
    const [until = ''] = /(?<=is spent until )\S+Z/.exec(holdUp?.message ?? '') ?? [];
    expect(Date.parse(until) - Date.parse(holdUp?.at ?? '')).toBeGreaterThan(3_000_000);
    const before = await rows();
    expect(before).toBeLessThan(60);

    // The lanes rest together: one timer, and no activity.
    const [run = []] = await runsOfChain(massive);
    const timers = run.flatMap(({ timerStartedEventAttributes: timer }) =>
      timer == null ? [] : [Number(timer.startToFireTimeout?.seconds ?? 0)],
    );
    expect(timers.filter((seconds) => seconds >= 900)).toEqual([900]);
    expect((await massive.handle().describe()).raw.pendingActivities ?? []).toEqual([]);

    await worker.stop();
    await work(100_000);
    await massive.handle().executeUpdate(UPDATES.resume);
    await eventually(async () => (await rows()) === ARTICLES);
    await eventually(async () => (await progress()).holdUp === null);
  });

  it('by a failure that is not retried says which one, since when, and when it tries again', async () => {
    await massive.stack.sql(`
      create or replace function legisync.forget_listings(p_collection text, p_pass integer) returns void
        language plpgsql as $$ begin raise 'bucket nosuch does not exist' using errcode = 'P0002'; end $$`);
    await work(100_000);
    await massive.start();
    await eventually(async () => (await progress()).holdUp !== null);
    const { holdUp, state } = await progress();
    expect(state).toBe('failing');
    expect(holdUp?.code).toBe('CONFIG_INVALID');
    expect(holdUp?.message).toContain('nosuch');
    expect(Date.parse(holdUp?.nextTry ?? '') - Date.parse(holdUp?.at ?? '')).toBe(300_000);
    expect(Date.parse(holdUp?.since ?? '')).toBeLessThanOrEqual(Date.parse(holdUp?.at ?? ''));

    // After the cause is removed, an Update ends the wait.
    await massive.stack.sql(readFileSync(FORGET_LISTINGS, 'utf8'));
    await massive.handle().executeUpdate(UPDATES.resume);
    await eventually(async () => (await rows()) === ARTICLES);
    await eventually(async () => (await progress()).holdUp === null);
  });

  it('by a listing that fails says so, until a batch succeeds', async () => {
    massive.stack.simulator.control.fault({ kind: 'status', status: 503, times: 1_000_000 });
    await work(100_000);
    await massive.start();
    await eventually(async () => (await progress()).state === 'failing');
    expect((await progress()).holdUp).toMatchObject({ code: 'LEGIFRANCE_UNAVAILABLE' });
    massive.stack.simulator.control.clearFaults();
    await eventually(async () => (await rows()) === ARTICLES);
    await eventually(async () => (await progress()).holdUp === null);
    expect(['collecting', 'waiting']).toContain((await progress()).state);
  });

  it('by its operator says why', async () => {
    await work(100_000);
    await massive.start();
    const reason = 'the database is being upgraded';
    const pause = { args: [{ reason }] as [unknown] };
    await massive.handle().executeUpdate<MassiveProgress, [unknown]>(UPDATES.pause, pause);
    expect((await progress()).pauseReason).toBe(reason);
    await massive.handle().executeUpdate(UPDATES.resume);
    expect((await progress()).pauseReason).toBe('');
  });

  it('says what it is, how to stop it and what holds it up after it has continued as new', async () => {
    await work(60);
    await massive.start({ maxEvents: 20 });
    await eventually(async () => (await progress()).state === 'quota' && (await progress()).runs > 1);
    const { holdUp } = await progress();
    const { currentDetails } = await massive
      .handle()
      .query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(currentDetails).toContain(`MASSIVE collection of ${massive.name}.`);
    expect(currentDetails).toContain(`legisync massive stop ${massive.name}`);
    expect(currentDetails).toContain(`Held up since ${holdUp?.since ?? '?'}`);
  });
});
