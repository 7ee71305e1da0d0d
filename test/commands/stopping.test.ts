import type { WorkflowHandle } from '@temporalio/client';
import { toFailure } from '../../src/cli/errors.ts';
import { waitUntilStopped } from '../../src/cli/starting/stopping.ts';
import { connectTemporal } from '../../src/temporal/connection.ts';
import { Secret } from '../../src/config/secret.ts';
import {
  json,
  legisync,
  legisyncInterruptedAt,
  legisyncUntil,
  type TestNamespace,
  type World,
} from './harness.ts';
import { openReadyNamespace, withSupabase, withWorld, withWorldAndWorker } from './worlds.ts';

let env: TestNamespace;

beforeAll(async () => {
  env = await openReadyNamespace();
});
afterAll(() => env.close());

/** Lends a collection that was stopped and does not end by itself. */
function withStopping(use: (world: World, collection: string, handle: WorkflowHandle) => Promise<void>) {
  return withWorldAndWorker(env, async (world, collection) => {
    await legisync(world, 'massive', 'start');
    await legisync(world, 'massive', 'lanes', '11');
    expect((await legisync(world, 'massive', 'stop')).code).toBe(0);
    await use(world, collection, env.client.workflow.getHandle(`massive:${collection}`));
  });
}

describe('starting what is stopping', () => {
  it.each(['massive start', 'up'])('makes `%s` wait for the end, and start a new run', async (line) => {
    await withStopping(async (world, collection, handle) => {
      const { runId } = await handle.describe();
      const args = [...line.split(' '), '--json'];
      const ended = await legisyncUntil('is stopping; waiting', () => handle.terminate(), world, ...args);
      expect(ended.code).toBe(0);
      expect(json(ended)).toMatchObject({ collections: [{ collection, started: true }] });
      const { status, runId: newRunId } = await handle.describe();
      expect([status.name, newRunId === runId]).toEqual(['RUNNING', false]);
    });
  });

  it('exits with 130 after Ctrl-C, and leaves the stop in force', async () => {
    await withStopping(async (world, collection, handle) => {
      const { code, stderr } = await legisyncInterruptedAt('is stopping; waiting', world, 'massive', 'start');
      expect(code).toBe(130);
      expect(stderr).toContain(`massive:${collection} is still stopping`);
      expect((await handle.query<{ state: string }>('progress')).state).toBe('stopping');
    });
  });

  it('exits with 7 and STOPPING if it does not end in time', async () => {
    await withStopping(async (_world, collection, handle) => {
      const environment = new Secret({
        TEMPORAL_ADDRESS: env.address,
        TEMPORAL_NAMESPACE: env.namespace,
        HOME: '/nowhere',
      });
      const temporal = await connectTemporal({ temporal: { environment } });
      const printed: string[] = [];
      try {
        const theirs = temporal.client.workflow.getHandle(handle.workflowId);
        const io = {
          env: {},
          cwd: '/',
          out: () => undefined,
          err: (text: string) => printed.push(text),
          secrets: [],
        };
        const failure = toFailure(
          await waitUntilStopped({ temporal, io }, theirs, 50).catch((e: unknown) => e),
        );
        expect(failure).toMatchObject({ exitCode: 7, code: 'STOPPING' });
        expect(failure.message).toContain(`massive:${collection} is still stopping`);
        expect(failure.next).toContain('the same command again');
        expect(printed).toEqual([expect.stringContaining('Ctrl-C ends the waiting only')]);
      } finally {
        await temporal.connection.close();
      }
    });
  });

  it('makes `backfill` wait for the end of a cancelled one, too', async () => {
    const answer = (body: string) => (_request: unknown, response: { end: (text: string) => void }) =>
      response.end(body);
    await withSupabase(answer('null'), (SUPABASE) =>
      withWorld(env, async (world, collection, taskQueue) => {
        const there = { ...world, env: { ...world.env, ...SUPABASE, LEGISYNC_BUCKET: collection } };
        const workflowId = `backfill:${collection}`;
        const handle = await env.client.workflow.start('backfillFilesQueue', { workflowId, taskQueue });
        await handle.cancel();
        const args = ['backfill', '--yes', '--detach', '--json'];
        const ended = await legisyncUntil('is stopping; waiting', () => handle.terminate(), there, ...args);
        expect([ended.code, json(ended)]).toEqual([0, { workflowId }]);
        await env.client.workflow.getHandle(workflowId).terminate();
      }),
    );
  });
});
