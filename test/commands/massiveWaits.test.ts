import { pollUntil } from '../../local/launcher/poll.ts';
import { withResets } from './resets.ts';
import { json, legisync, legisyncInterruptedAt, type TestNamespace } from './harness.ts';
import { openReadyNamespace, withWorld, withWorldAndWorker } from './worlds.ts';

let env: TestNamespace;

beforeAll(async () => {
  env = await openReadyNamespace();
});
afterAll(() => env.close());

describe('legisync massive', () => {
  it('exits with 7 if no worker answers, and warns of it at the start', async () => {
    await withWorld(env, async (world, collection) => {
      expect((await legisync(world, 'massive', 'start')).stderr).toContain('npm run worker');
      const ended = await legisync(world, 'massive', 'status', '--json');
      expect(ended.code).toBe(7);
      expect(json(ended)).toEqual({
        collections: [
          {
            collection,
            running: true,
            progress: null,
            failing: [],
            otherBuild: null,
            catalogue: null,
            problems: [
              {
                code: 'NO_WORKER',
                message: expect.stringContaining('no worker') as string,
                next: 'npm run worker',
              },
            ],
          },
        ],
      });
    });
  });

  it.each([
    ['status', 'QueryWorkflow'],
    ['resume', 'UpdateWorkflowExecution'],
  ])('makes `%s` exit with 7, too, if the server notices the deadline first', async (command, method) => {
    await withWorld(env, async (world) => {
      await legisync(world, 'massive', 'start');
      await withResets(env.address, method, async (TEMPORAL_ADDRESS) => {
        const there = { ...world, env: { ...world.env, TEMPORAL_ADDRESS } };
        expect((await legisync(there, 'massive', command)).code).toBe(7);
      });
    });
  });

  it('exits with 7 if no worker accepts an Update', async () => {
    await withWorld(env, async (world) => {
      await legisync(world, 'massive', 'start');
      const ended = await legisync(world, 'massive', 'resume', '--json');
      expect(ended.code).toBe(7);
      expect(json(ended)).toMatchObject({ error: { code: 'NO_WORKER' } });
    });
  });

  it('exits with 7, but says that a pause takes effect, if the workflow cannot confirm it in time', async () => {
    await withWorldAndWorker(env, async (world) => {
      await legisync(world, 'massive', 'start');
      const ended = await legisync(world, 'massive', 'pause', '--reason', 'outage', '--json');
      expect(ended.code).toBe(7);
      expect(json(ended)).toMatchObject({
        error: {
          code: 'NOT_CONFIRMED',
          message: expect.stringContaining('accepted pause, which takes effect') as string,
        },
      });
      expect((await legisync(world, 'massive', 'status')).stdout).toContain('paused');
    });
  });

  it('waits for the end with `stop --wait`, and prints the final state', async () => {
    await withWorldAndWorker(env, async (world, collection) => {
      await legisync(world, 'massive', 'start');
      const ended = await legisync(world, 'massive', 'stop', '--wait', '--json');
      expect(ended.code).toBe(0);
      expect(ended.stderr).toContain(`Waiting for the end of massive:${collection}`);
      expect(json(ended)).toMatchObject({ collections: [{ collection, state: 'stopped', busy: 0 }] });
      const { status } = await env.client.workflow.getHandle(`massive:${collection}`).describe();
      expect(status.name).toBe('COMPLETED');
    });
  });

  it('exits with 130 after Ctrl-C during `stop --wait`, and the stop stays in force', async () => {
    await withWorldAndWorker(env, async (world, collection) => {
      await legisync(world, 'massive', 'start');
      await legisync(world, 'massive', 'lanes', '11');
      const args = ['massive', 'stop', collection, '--wait'];
      const { code, stderr } = await legisyncInterruptedAt('Waiting for', world, ...args);
      expect(stderr).toContain(`MASSIVE of ${collection} is still stopping`);
      expect(code).toBe(130);
      expect((await legisync(world, 'massive', 'status')).stdout).toContain('stopping');
    });
  });

  it('exits with 1 if the collection is terminated during `stop --wait`', async () => {
    await withWorldAndWorker(env, async (world, collection) => {
      await legisync(world, 'massive', 'start');
      await legisync(world, 'massive', 'lanes', '11');
      const waiting = legisync(world, 'massive', 'stop', '--wait', '--json');
      const handle = env.client.workflow.getHandle(`massive:${collection}`);
      await pollUntil(async () => (await handle.query<{ state: string }>('progress')).state === 'stopping', {
        everyMs: 50,
        timeoutMs: 20_000,
      });
      await handle.terminate();
      const ended = await waiting;
      expect(ended.code).toBe(1);
      expect(json(ended)).toMatchObject({ error: { code: 'WORKFLOW_FAILED' } });
    });
  });
});
