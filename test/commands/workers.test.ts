import { hostname } from 'node:os';
import { toFailure } from '../../src/cli/errors.ts';
import { workersOf } from '../../src/cli/workers.ts';
import { Secret } from '../../src/config/secret.ts';
import { connectTemporal } from '../../src/temporal/connection.ts';
import { withLine } from '../support/line.ts';
import { openMassive } from '../support/massive.ts';
import { serverSetting } from '../support/servers.ts';
import { eventually, killed, startWorker, type WorkerProcess } from '../support/workers.ts';
import { json, legisync } from './harness.ts';
import { withResets } from './resets.ts';

describe('the workers', () => {
  it('gives up within seconds on a server that stops answering: TEMPORAL_UNREACHABLE', async () => {
    await withLine(async ({ address, fallSilent }) => {
      const environment = new Secret({ TEMPORAL_ADDRESS: address, HOME: '/nowhere' });
      const temporal = await connectTemporal({ temporal: { environment } });
      try {
        const session = { temporal, config: { taskQueue: 'unpolled' } };
        expect(await workersOf(session)).toEqual([]);
        fallSilent();
        const error = await workersOf(session).catch((reason: unknown) => reason);
        expect(toFailure(error)).toMatchObject({ exitCode: 4, code: 'TEMPORAL_UNREACHABLE' });
      } finally {
        await temporal.connection.close();
      }
    });
  });

  it('reports the same if the server notices the deadline first and resets the stream', async () => {
    await withResets(serverSetting('temporal'), 'DescribeTaskQueue', async (address) => {
      const environment = new Secret({ TEMPORAL_ADDRESS: address, HOME: '/nowhere' });
      const temporal = await connectTemporal({ temporal: { environment } });
      try {
        const session = { temporal, config: { taskQueue: 'unpolled' } };
        const error = await workersOf(session).catch((reason: unknown) => reason);
        expect(toFailure(error)).toMatchObject({ exitCode: 4, code: 'TEMPORAL_UNREACHABLE' });
      } finally {
        await temporal.connection.close();
      }
    });
  });

  it('counts living workers only: one that was killed by SIGKILL is gone half a minute later', async () => {
    const massive = await openMassive([{ kind: 'codes', name: 'codes' }]);
    const [dies, lives] = [startWorker(massive.env()), startWorker(massive.env())];
    const status = async () => json(await legisync({ cwd: '/', env: massive.env() }, 'status', '--json'));
    const pids = async () => ((await status())['workers'] as { pid: number | null }[]).map(({ pid }) => pid);
    const shown = async (...wanted: WorkerProcess[]) => {
      const found = await pids();
      return found.length === wanted.length && wanted.every(({ child }) => found.includes(child.pid ?? 0));
    };
    try {
      await Promise.all([dies.ready, lives.ready]);
      // The pid comes with the first heartbeat.
      await eventually(() => shown(dies, lives));
      dies.child.kill('SIGKILL');
      await killed(dies);
      await eventually(() => shown(lives));
      expect(await status()).toMatchObject({
        workerCount: 1,
        workers: [
          {
            identity: `legisync-${lives.child.pid ?? 0}@${hostname()}`,
            host: hostname(),
            pid: lives.child.pid,
            buildId: expect.any(String) as string,
            startedAt: expect.stringMatching(/^2.*Z$/) as string,
          },
        ],
      });
      await lives.stop();
      await eventually(async () => (await status())['workerCount'] === 0);
    } finally {
      dies.child.kill('SIGKILL');
      await lives.stop();
      await massive.close();
    }
  });
});
