import { createServer } from 'node:http';
import { createPortPicker } from '../../local/launcher/ports.ts';
import { createReadiness } from '../../src/health/readiness.ts';
import { connectWorker } from '../../src/temporal/nativeConnection.ts';
import { Secret } from '../../src/config/secret.ts';
import { findWorkflowBundle } from '../../src/temporal/workflowBundle.ts';
import { buildsOn } from '../support/builds.ts';
import { withLine } from '../support/line.ts';
import { openMassive, type MassiveStack } from '../support/massive.ts';
import { serverSetting } from '../support/servers.ts';
import { eventually, startWorker } from '../support/workers.ts';

const pick = createPortPicker();

let massive: MassiveStack;
let address: string;
beforeEach(async () => {
  massive = await openMassive([{ kind: 'codes', name: 'codes' }]);
  address = `127.0.0.1:${(await pick(19_465)).port}`;
});
afterEach(() => massive.close());

const probe = async (path: string) => {
  const response = await fetch(`http://${address}${path}`);
  return { status: response.status, body: await response.json() };
};

const becomes = (path: string, wanted: Awaited<ReturnType<typeof probe>>) =>
  eventually(async () => JSON.stringify(await probe(path)) === JSON.stringify(wanted));

const READY = { status: 200, body: { ready: true, reasons: [] } };
const notReady = (...reasons: string[]) => ({ status: 503, body: { ready: false, reasons } });

describe('the health endpoint of a worker', () => {
  it('is ready while it polls, live while the server is away, and ready again afterwards', async () => {
    await withLine(async (line) => {
      const worker = startWorker(
        massive.env({ LEGISYNC_HEALTH_ADDRESS: address, TEMPORAL_ADDRESS: line.address }),
      );
      try {
        await worker.ready;
        await becomes('/ready', READY);
        await line.cut();
        await becomes('/ready', notReady('The Temporal server did not answer within 2 s.'));
        expect(await probe('/live')).toEqual({ status: 200, body: { live: true } });
        await line.restore();
        await becomes('/ready', READY);
      } finally {
        await worker.stop();
      }
    });
  });

  it('is not ready while its build is not current', async () => {
    const builds = buildsOn({
      client: massive.client,
      taskQueue: massive.name,
      env: (more) => massive.env({ ...more, LEGISYNC_HEALTH_ADDRESS: address }),
    });
    try {
      const { buildId } = await findWorkflowBundle();
      await builds.start('on');
      await becomes('/ready', notReady(`The build ${buildId} is inactive, not current. Next: legisync up`));
      await builds.becomesCurrent(buildId);
      await becomes('/ready', READY);
    } finally {
      await builds.stop();
    }
  });

  it('is not ready if the server does not know it as a poller', async () => {
    const environment = new Secret({ TEMPORAL_ADDRESS: serverSetting('temporal'), HOME: '/nowhere' });
    const { connection, namespace } = await connectWorker({ temporal: { environment } });
    try {
      const check = createReadiness({
        connection,
        namespace,
        taskQueue: massive.name,
        identity: 'nobody',
        buildId: undefined,
        state: () => 'RUNNING',
      });
      expect(await check()).toEqual({
        ready: false,
        reasons: ['The worker does not poll its task queue.'],
      });
    } finally {
      await connection.close();
    }
  });

  it('is missing if its port is in use: the worker says so and works', async () => {
    const [host = '', port = ''] = address.split(':');
    const taken = createServer().listen(Number(port), host);
    await new Promise((resolve) => taken.once('listening', resolve));
    const worker = startWorker(massive.env({ LEGISYNC_HEALTH_ADDRESS: address }));
    try {
      await eventually(() => Promise.resolve(worker.output().includes('the health endpoint cannot listen')));
      expect(worker.output()).toContain('set LEGISYNC_HEALTH_ADDRESS to a free port');
      expect(await worker.stop()).toBe(0);
    } finally {
      await worker.stop();
      taken.closeAllConnections();
      await new Promise((resolve) => taken.close(resolve));
    }
  });
});
