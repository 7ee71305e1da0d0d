import { tmpdir } from 'node:os';
import { coherenceScheduleId, maintenanceScheduleId } from '../../src/contract/names.ts';
import { legisync, type Ended } from '../commands/harness.ts';
import type { MassiveStack } from '../support/massive.ts';
import { BUCKET } from '../support/supabase.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';
import { DECISIONS, FIND_ALL, openDecisions } from './decisions.ts';
import { expectLedger } from './ledger.ts';
import { temporal, type CliEnd } from './temporalCli.ts';

let massive: MassiveStack;
let worker: WorkerProcess;

beforeEach(async () => {
  massive = await openDecisions();
  worker = startWorker(massive.env(FIND_ALL));
  await worker.ready;
  expect(await command('schedules', 'apply')).toMatchObject({ code: 0 });
});
afterEach(async () => {
  for (const id of [maintenance(), coherence()]) await button('delete', id);
  await worker.stop();
  await massive.close();
});

const maintenance = (): string => maintenanceScheduleId(massive.name);
const coherence = (): string => coherenceScheduleId(BUCKET);
/** Rare times, so that nothing runs unless a button is pressed. */
const command = (...args: string[]): Promise<Ended> =>
  legisync(
    {
      cwd: tmpdir(),
      env: massive.env({ LEGISYNC_MAINTENANCE_CRON: '0 0 29 2 *', LEGISYNC_COHERENCE_CRON: '0 0 29 2 *' }),
    },
    ...args,
  );
const button = (verb: string, id: string, ...args: readonly string[]): Promise<CliEnd> =>
  temporal('schedule', verb, '--schedule-id', id, ...args);

/** The states of the runs of a schedule, as soon as `count` have ended and none is in progress. */
async function statesOfRuns(id: string, count: number): Promise<readonly string[]> {
  let states: string[] = [];
  await eventually(async () => {
    states = [];
    const query = `TemporalScheduledById = '${id}' and TaskQueue = '${massive.name}'`;
    for await (const { status } of massive.client.workflow.list({ query })) states.push(status.name);
    return states.length >= count && !states.includes('RUNNING');
  });
  return states;
}

/** The state of a schedule in `legisync status`. */
async function shown(id: string): Promise<string | undefined> {
  const { schedules } = JSON.parse((await command('status', '--json')).stdout) as {
    readonly schedules: readonly { readonly id: string; readonly state: string }[];
  };
  return schedules.find((schedule) => schedule.id === id)?.state;
}

/** The arguments of a backfill of the schedule's past: several leap days, all at once. */
const LEAP_DAYS = [
  ...['--start-time', '2008-01-01T00:00:00Z', '--end-time', '2024-12-31T00:00:00Z'],
  ...['--overlap-policy', 'AllowAll'],
];

describe('the schedule of MAINTENANCE', () => {
  it('is triggered, several times in a row', async () => {
    for (let n = 0; n < 3; n += 1) expect((await button('trigger', maintenance())).code).toBe(0);
    // Two in the same second are one.
    expect(new Set(await statesOfRuns(maintenance(), 1))).toEqual(new Set(['COMPLETED']));
    await expectLedger(massive, DECISIONS);
  });

  it('is backfilled: five runs at once share the documents', async () => {
    expect((await button('backfill', maintenance(), ...LEAP_DAYS)).code).toBe(0);
    expect(await statesOfRuns(maintenance(), 5)).toEqual(Array(5).fill('COMPLETED'));
    await expectLedger(massive, DECISIONS);
  });
});

describe('the schedule of the coherence check', () => {
  it('is triggered', async () => {
    expect((await button('trigger', coherence())).code).toBe(0);
    expect(await statesOfRuns(coherence(), 1)).toEqual(['COMPLETED']);
  });

  it('is backfilled: five checks at once', async () => {
    expect((await button('backfill', coherence(), ...LEAP_DAYS)).code).toBe(0);
    expect(await statesOfRuns(coherence(), 5)).toEqual(Array(5).fill('COMPLETED'));
    expect(await massive.stack.sql('select from legisync.coherence_checks')).toHaveLength(5);
  });
});

describe.each([
  ['MAINTENANCE', maintenance],
  ['the coherence check', coherence],
])('a schedule of %s', (_what, id) => {
  it('is paused and unpaused, and status and plan say so', async () => {
    expect((await button('toggle', id(), '--pause', '--reason', 'a trial')).code).toBe(0);
    expect(await shown(id())).toBe('paused');
    expect((await command('status')).stdout).toContain(
      `Next: temporal schedule toggle --schedule-id ${id()} --unpause`,
    );
    expect((await command('schedules', 'plan')).stdout).toContain(`= ${id()}`);
    expect((await button('toggle', id(), '--unpause', '--reason', 'a trial')).code).toBe(0);
    expect(await shown(id())).toBe('active');
  });

  it('is deleted, and `schedules apply` creates it again', async () => {
    expect((await button('delete', id())).code).toBe(0);
    expect(await shown(id())).toBe('missing');
    expect((await command('status')).stdout).toContain('Next: legisync schedules apply');
    expect((await command('schedules', 'plan')).stdout).toContain(`+ ${id()}`);
    expect((await command('schedules', 'apply')).code).toBe(0);
    expect(await shown(id())).toBe('active');
  });

  it('is changed by hand, and `schedules apply` changes it back', async () => {
    const other = ['--interval', '1h', '--type', 'nosuch', '--task-queue', 'nosuch', '--workflow-id', 'x'];
    expect((await button('update', id(), ...other)).code).toBe(0);
    expect(await shown(id())).toBe('differs');
    expect((await command('status')).stdout).toContain('Next: legisync schedules apply');
    expect((await command('schedules', 'plan')).stdout).toContain(`~ ${id()}`);
    expect((await command('schedules', 'apply')).code).toBe(0);
    expect(await shown(id())).toBe('active');
  });
});
