import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { loadConfig } from '../../src/config/load.ts';
import { applySchedules, planSchedules, type ScheduleChange } from '../../src/schedules/plan.ts';
import { ensureSearchAttributes } from '../../src/temporal/searchAttributes.ts';
import { openNamespace, type TestNamespace } from '../commands/harness.ts';
import { withFolder } from '../config/folder.ts';

let env: TestNamespace;
let client: Client;

beforeAll(async () => {
  env = await openNamespace();
  client = env.client;
  await ensureSearchAttributes(env.connection, env.namespace);
});
afterAll(() => env.close());
afterEach(async () => {
  for await (const { scheduleId } of client.schedule.list())
    await client.schedule
      .getHandle(scheduleId)
      .delete()
      .catch(() => undefined);
});

const { config } = withFolder({}, (cwd) => loadConfig({ env: {}, cwd }));
/** The defaults, without a schedule for coherence. */
const settings = { ...config, bucket: 'raw', coherence: { ...config.coherence, cron: 'none' } };
const withMaintenance = (change: Partial<(typeof settings)['maintenance']>) => ({
  ...settings,
  maintenance: { ...settings.maintenance, ...change },
});
const actions = (changes: readonly ScheduleChange[]) => changes.map(({ action, id }) => `${action} ${id}`);
const withCoherence = (change: Partial<(typeof settings)['coherence']> = {}) => ({
  ...settings,
  coherence: { ...settings.coherence, cron: '30 * * * *', ...change },
});
const ID = 'maintenance:urbanisme';
const COHERENCE = 'coherence:raw';

/** The list of schedules is eventually consistent. */
async function untilListed(id: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    for await (const { scheduleId } of client.schedule.list()) if (scheduleId === id) return;
  }
  throw new Error(`Schedule ${id} was not listed in time.`);
}

/** The first workflow that `query` finds. The list of workflows is eventually consistent. */
async function firstRun(query: string): Promise<WorkflowExecutionInfo> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    for await (const info of client.workflow.list({ query })) return info;
  }
  throw new Error(`No workflow was found in time: ${query}`);
}

describe('applySchedules', () => {
  it('creates a schedule of collectMaintenance with explicit times, zone, overlap and catch-up window', async () => {
    expect(actions(await applySchedules(client, settings))).toEqual([`create ${ID}`]);
    const { action, policies, spec, info } = await client.schedule.getHandle(ID).describe();
    expect(policies).toEqual({
      overlap: ScheduleOverlapPolicy.BUFFER_ONE,
      catchupWindow: 7_200_000,
      pauseOnFailure: false,
    });
    expect(spec.timezone).toBe('UTC');
    expect(action).toMatchObject({
      workflowType: 'collectMaintenance',
      workflowId: ID,
      taskQueue: 'legisync',
      args: [{ collection: 'urbanisme', limit: 100 }],
      staticSummary: 'MAINTENANCE of urbanisme: at most 100 documents',
    });
    const [first, second] = info.nextActionTimes;
    expect(first?.getUTCMinutes()).toBe(0);
    expect(Number(second) - Number(first)).toBe(2 * 3_600_000);
  });

  it('marks each run with its collection and its state, so that the Web UI finds it like one started by hand', async () => {
    await applySchedules(client, settings);
    await client.schedule.getHandle(ID).trigger();
    const run = await firstRun(`LegisyncCollection = 'urbanisme' and LegisyncState = 'collecting'`);
    try {
      expect(run.workflowId).toContain(ID);
      expect(run.type).toBe('collectMaintenance');
    } finally {
      await client.workflow.getHandle(run.workflowId).terminate();
    }
  });

  it('fixes a schedule whose runs are not marked and have no priority', async () => {
    await applySchedules(client, settings);
    await client.schedule.getHandle(ID).update(({ action, ...previous }) => {
      const { workflowType, workflowId, taskQueue, args = [], staticSummary = '' } = action;
      return {
        ...previous,
        action: { type: 'startWorkflow', workflowType, workflowId, taskQueue, args, staticSummary },
      };
    });
    const [change] = await planSchedules(client, settings);
    expect(change?.action === 'update' ? change.differences : []).toEqual([
      {
        property: 'searchAttributes',
        is: '{}',
        wanted: '{"LegisyncCollection":"urbanisme","LegisyncState":"collecting"}',
      },
      { property: 'priority', is: 'nothing', wanted: '1' },
    ]);
    await applySchedules(client, settings);
    expect(actions(await planSchedules(client, settings))).toEqual([`keep ${ID}`]);
  });

  it('changes nothing when it runs again', async () => {
    await applySchedules(client, settings);
    const before = await client.schedule.getHandle(ID).describe();
    expect(actions(await applySchedules(client, settings))).toEqual([`keep ${ID}`]);
    const after = await client.schedule.getHandle(ID).describe();
    expect(after.info.lastUpdatedAt).toEqual(before.info.lastUpdatedAt);
  });

  it.each([
    ['times', { cron: '30 4 * * 1-5' }],
    ['timezone', { timezone: 'Europe/Paris' }],
    ['input', { limit: 20 }],
  ])('fixes a difference: %s', async (property, change) => {
    await applySchedules(client, settings);
    const changed = withMaintenance(change);
    const [planned] = await planSchedules(client, changed);
    expect(
      planned?.action === 'update' ? planned.differences.map((difference) => difference.property) : [],
    ).toContain(property);
    await applySchedules(client, changed);
    expect(actions(await planSchedules(client, changed))).toEqual([`keep ${ID}`]);
  });

  it('fixes what was changed on the server, including the times', async () => {
    await applySchedules(client, settings);
    await client.schedule.getHandle(ID).update((previous) => ({
      ...previous,
      spec: { ...previous.spec, calendars: [{ hour: 3 }] },
      policies: { ...previous.policies, overlap: ScheduleOverlapPolicy.ALLOW_ALL },
    }));
    const [change] = await planSchedules(client, settings);
    expect(change?.action === 'update' ? change.differences.map(({ property }) => property) : []).toEqual([
      'times',
      'overlap',
    ]);
    await applySchedules(client, settings);
    expect(actions(await planSchedules(client, settings))).toEqual([`keep ${ID}`]);
  });

  it('never ends an operator’s pause and never loses its note', async () => {
    await applySchedules(client, settings);
    await client.schedule.getHandle(ID).pause('the API is moving house');
    expect(await planSchedules(client, settings)).toEqual([{ action: 'keep', id: ID, paused: true }]);
    await applySchedules(client, withMaintenance({ limit: 7 }));
    const { state, action } = await client.schedule.getHandle(ID).describe();
    expect(state).toMatchObject({ paused: true, note: 'the API is moving house' });
    expect(action.args).toEqual([{ collection: 'urbanisme', limit: 7 }]);
  });

  it('removes what is no longer declared, and leaves alone what is not ours', async () => {
    await applySchedules(client, settings);
    for (const [scheduleId, workflowType] of [
      ['maintenance:of-the-lift', 'inspectLift'],
      ['reports', 'collectMaintenance'],
    ] as const) {
      const action = {
        type: 'startWorkflow' as const,
        workflowType,
        taskQueue: 'other',
        workflowId: scheduleId,
      };
      await client.schedule.create({ scheduleId, spec: {}, action });
      await untilListed(scheduleId);
    }
    await untilListed(ID);
    const none = withMaintenance({ collections: [] });
    expect(actions(await planSchedules(client, none))).toEqual([`remove ${ID}`]);
    await applySchedules(client, none);
    await expect(client.schedule.getHandle(ID).describe()).rejects.toThrow(ScheduleNotFoundError);
    await expect(client.schedule.getHandle('maintenance:of-the-lift').describe()).resolves.toBeDefined();
    await expect(client.schedule.getHandle('reports').describe()).resolves.toBeDefined();
  });

  it('creates one for the coherence of the bucket, which skips overlapping runs and reads in full', async () => {
    expect(actions(await applySchedules(client, withCoherence()))).toEqual([
      `create ${ID}`,
      `create ${COHERENCE}`,
    ]);
    const { action, policies, info } = await client.schedule.getHandle(COHERENCE).describe();
    expect(policies).toMatchObject({ overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: 600_000 });
    expect(action).toMatchObject({
      workflowType: 'checkCoherence',
      workflowId: COHERENCE,
      args: [
        {
          bucket: 'raw',
          kind: 'full',
          graceSeconds: 900,
          limits: { missingLimit: 1_000, gapPercent: 10, requeueHours: 24 },
        },
      ],
    });
    expect(info.nextActionTimes[0]?.getUTCMinutes()).toBe(30);
    expect(actions(await planSchedules(client, withCoherence()))).toEqual([
      `keep ${ID}`,
      `keep ${COHERENCE}`,
    ]);
    const [, change] = await planSchedules(client, withCoherence({ missingLimit: 5 }));
    expect(change?.action === 'update' ? change.differences.map(({ property }) => property) : []).toEqual([
      'input',
    ]);
  });

  it('removes the one for coherence if its cron is none, or after a change of the bucket, and no other', async () => {
    await applySchedules(client, withCoherence());
    const action = {
      type: 'startWorkflow' as const,
      workflowType: 'compareNotes',
      taskQueue: 'other',
      workflowId: 'x',
    };
    await client.schedule.create({ scheduleId: 'coherence:of-the-team', spec: {}, action });
    await untilListed('coherence:of-the-team');
    await untilListed(COHERENCE);
    const moved = { ...withCoherence(), bucket: 'new' };
    expect(actions(await applySchedules(client, moved))).toEqual([
      `keep ${ID}`,
      'create coherence:new',
      `remove ${COHERENCE}`,
    ]);
    await untilListed('coherence:new');
    expect(actions(await applySchedules(client, settings))).toEqual([`keep ${ID}`, 'remove coherence:new']);
    await expect(client.schedule.getHandle('coherence:of-the-team').describe()).resolves.toBeDefined();
  });
});
