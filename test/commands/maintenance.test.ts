import { json, legisync, legisyncInterruptedAt, type TestNamespace } from './harness.ts';
import { openReadyNamespace, withWorldAndWorker } from './worlds.ts';

let env: TestNamespace;

beforeAll(async () => {
  env = await openReadyNamespace();
});
afterAll(() => env.close());

describe('legisync maintenance run', () => {
  it('waits for the result and prints its totals', async () => {
    await withWorldAndWorker(env, async (world, collection) => {
      const { code, stdout } = await legisync(world, 'maintenance', 'run', '--limit', '5');
      expect(code).toBe(0);
      expect(stdout).toBe(`${collection}: queued 5, requeued 0, unchanged 2, failed attempts 0\n`);
    });
  });

  it('says why a run ended early', async () => {
    await withWorldAndWorker(env, async (world) => {
      const { code, stdout } = await legisync(world, 'maintenance', 'run', '--limit', '77');
      expect(code).toBe(0);
      expect(stdout).toContain('failed attempts 0; ended early: STORAGE_BUSY: Storage answered 503');
    });
  });

  it('refuses sources that the collection does not have', async () => {
    await withWorldAndWorker(env, async (world, collection) => {
      const wrong = await legisync(world, 'maintenance', 'run', collection, '--sources', 'decisions,laws');
      expect(wrong.code).toBe(2);
      expect(wrong.stderr).toContain('it has: decisions, codes');
      expect((await legisync(world, 'maintenance', 'run', collection, '--sources', 'codes')).code).toBe(0);
    });
  });

  it('exits with 1, the code of the failure and its remedy, if the run fails', async () => {
    await withWorldAndWorker(env, async (world) => {
      const ended = await legisync(world, 'maintenance', 'run', '--limit', '66', '--json');
      expect(ended.code).toBe(1);
      expect(json(ended)).toEqual({
        error: {
          code: 'SUPABASE_CREDENTIALS',
          message: expect.stringContaining('was refused') as string,
          next: expect.stringContaining('SUPABASE_SERVICE_ROLE_KEY') as string,
        },
      });
    });
  });

  it('exits with 130 after Ctrl-C and says that the run continues, which it does', async () => {
    await withWorldAndWorker(env, async (world, collection) => {
      const args = ['maintenance', 'run', collection, '--limit', '99'];
      const { code, stderr } = await legisyncInterruptedAt('Waiting for', world, ...args);
      expect(stderr).toContain(`maintenance:${collection}:manual continues`);
      expect(code).toBe(130);
      const { status } = await env.client.workflow.getHandle(`maintenance:${collection}:manual`).describe();
      expect(status.name).toBe('RUNNING');
    });
  });

  it('does not wait with --detach', async () => {
    await withWorldAndWorker(env, async (world, collection) => {
      const ended = await legisync(world, 'maintenance', 'run', '--limit', '99', '--detach', '--json');
      expect(ended.code).toBe(0);
      const workflowId = `maintenance:${collection}:manual`;
      expect(json(ended)).toEqual({ runs: [{ collection, workflowId, started: true, result: null }] });
    });
  });
});
