import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openMassive, type MassiveStack } from '../support/massive.ts';
import { startWorker, type WorkerProcess } from '../support/workers.ts';
import { json, legisync, legisyncInterruptedAt, withCommandFolder, type World } from './harness.ts';

let massive: MassiveStack;
let worker: WorkerProcess;

beforeAll(async () => {
  massive = await openMassive([{ kind: 'codes', name: 'codes' }]);
  worker = startWorker(massive.env());
  await worker.ready;
});
afterAll(async () => {
  await worker.stop();
  await massive.close();
});

/** Lends a collection that only the file of the command line defines, and ends it. */
function withForeign(use: (world: World, collection: string) => Promise<void>): Promise<void> {
  const collection = `permis-${massive.name}`;
  return withCommandFolder(async (cwd) => {
    const sources = [{ kind: 'codes', name: 'codes' }];
    await writeFile(join(cwd, 'collections.json'), JSON.stringify([{ name: collection, sources }]));
    const own = { LEGISYNC_COLLECTIONS: 'collections.json', LEGISYNC_MASSIVE: collection };
    const env = massive.env({ ...own, LEGISYNC_MAINTENANCE: 'none', LEGISYNC_COHERENCE_CRON: 'none' });
    try {
      await use({ cwd, env }, collection);
    } finally {
      for (const id of [`massive:${collection}`, `maintenance:${collection}:manual`]) {
        await massive.client.workflow
          .getHandle(id)
          .terminate()
          .catch(() => undefined);
      }
    }
  });
}

describe('starting a collection that the worker does not know', () => {
  it.each(['massive start', 'up'])(
    'makes `%s` exit with 3, with the collections that the worker knows',
    async (line) => {
      await withForeign(async (world, collection) => {
        const shown = await legisync(world, ...line.split(' '));
        expect([shown.code, shown.stdout]).toEqual([3, expect.stringContaining('COLLECTION_UNKNOWN')]);
        expect(shown.stdout).toContain(`it knows: ${massive.name}`);
        expect(shown.stdout).toContain('LEGISYNC_COLLECTIONS');
        const again = await legisync(world, ...line.split(' '), '--json');
        expect(again.code).toBe(3);
        expect(json(again)).toMatchObject({
          collections: [{ collection, started: false, problem: { code: 'COLLECTION_UNKNOWN' } }],
        });
      });
    },
  );

  it('makes `maintenance run` warn of it while it waits', async () => {
    await withForeign(async (world, collection) => {
      const args = ['maintenance', 'run', collection];
      const { code, stderr } = await legisyncInterruptedAt('COLLECTION_UNKNOWN', world, ...args);
      expect(code).toBe(130);
      expect(stderr).toContain(`it knows: ${massive.name}`);
      const detached = await legisync(world, ...args, '--detach');
      expect([detached.code, detached.stderr]).toEqual([0, expect.stringContaining('COLLECTION_UNKNOWN')]);
    });
  });

  it('exits with 0 and without a problem if the worker knows it', async () => {
    const world = { cwd: '/', env: massive.env() };
    const started = await legisync(world, 'massive', 'start', '--json');
    expect(started.code).toBe(0);
    expect(json(started)).toMatchObject({ collections: [{ started: true, problem: null }] });
  });

  it('exits with 0 and warns if one that already runs does not answer in time', async () => {
    await withForeign(async (world, collection) => {
      // Its task queue has no worker, unlike that of the command.
      await massive.client.workflow.start('collectMassive', {
        workflowId: `massive:${collection}`,
        taskQueue: 'a queue without a worker',
        args: [{ collection, controls: { paused: false, lanes: 1 } }],
      });
      const { code, stdout, stderr } = await legisync(world, 'massive', 'start');
      expect([code, stdout]).toEqual([0, `${collection}: already running; nothing to do\n`]);
      expect(stderr).toContain('Warning: NO_WORKER: MASSIVE of');
    });
  });
});
