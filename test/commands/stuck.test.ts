import { pollUntil } from '../../local/launcher/poll.ts';
import { json, legisync, legisyncUntil, type TestNamespace, type World } from './harness.ts';
import { openReadyNamespace, withWorldAndWorker } from './worlds.ts';

let env: TestNamespace;

beforeAll(async () => {
  env = await openReadyNamespace();
});
afterAll(() => env.close());

/** Starts a stub workflow whose workflow tasks fail, and waits for the second attempt. */
async function startStuck({ env: settings }: World, type: string, workflowId: string, input: object) {
  const taskQueue = settings['LEGISYNC_TASK_QUEUE'] ?? '';
  const handle = await env.client.workflow.start(type, { workflowId, taskQueue, args: [input] });
  await pollUntil(async () => ((await handle.describe()).raw.pendingWorkflowTask?.attempt ?? 0) > 1, {
    everyMs: 50,
    timeoutMs: 30_000,
  });
}

const massiveInput = (collection: string) => ({ collection, controls: { paused: false, lanes: 12 } });

function stuckError(workflowId: string): object {
  return {
    code: 'WORKFLOW_STUCK',
    message: expect.stringMatching(
      new RegExp(
        `^${workflowId} cannot continue: .* since 20.*Z, attempt \\d+: 12 is a bug of this version$`,
      ),
    ) as string,
    next: expect.stringContaining(
      `temporal workflow reset --workflow-id ${workflowId} --type LastWorkflowTask --reason stuck ` +
        `--address ${env.address} --namespace ${env.namespace}`,
    ) as string,
  };
}

describe('a workflow whose workflow tasks fail', () => {
  it('is WORKFLOW_STUCK, with the failure and the way out, in every command on MASSIVE', async () => {
    await withWorldAndWorker(env, async (world, collection) => {
      const workflowId = `massive:${collection}`;
      await startStuck(world, 'collectMassive', workflowId, massiveInput(collection));
      const commands = [['massive', 'start'], ['massive', 'pause'], ['massive', 'stop'], ['up']];
      for (const command of commands) {
        const ended = await legisync(world, ...command, '--json');
        expect([command, ended.code]).toEqual([command, 6]);
        expect(json(ended)).toEqual({ error: stuckError(workflowId) });
      }
      const problems = [stuckError(workflowId)];
      const massive = await legisync(world, 'massive', 'status', '--json');
      expect(massive.code).toBe(6);
      expect(json(massive)).toMatchObject({ collections: [{ collection, running: true, problems }] });
      const whole = await legisync(world, 'status', '--json');
      expect(json(whole)).toMatchObject({ collections: [{ collection, running: true, problems }] });
    });
  });

  it('is WORKFLOW_STUCK, not joined, by `maintenance run`', async () => {
    await withWorldAndWorker(env, async (world, collection) => {
      const workflowId = `maintenance:${collection}:manual`;
      await startStuck(world, 'collectMaintenance', workflowId, { collection, limit: 12 });
      const ended = await legisync(world, 'maintenance', 'run', '--json');
      expect(ended.code).toBe(6);
      expect(json(ended)).toEqual({ error: stuckError(workflowId) });
    });
  });

  it('is said while the result of a run is awaited', async () => {
    await withWorldAndWorker(env, async (world, collection) => {
      const workflowId = `maintenance:${collection}:manual`;
      const ended = await legisyncUntil(
        'Warning: WORKFLOW_STUCK: ',
        () => env.client.workflow.getHandle(workflowId).terminate(),
        world,
        ...['maintenance', 'run', '--limit', '12'],
      );
      expect(ended.stderr).toContain(`${workflowId} cannot continue: its workflow tasks fail since 20`);
      expect(ended.stderr).toContain(`Next: run the version of legisync that began it`);
      expect(ended.code).toBe(1);
    });
  });
});
