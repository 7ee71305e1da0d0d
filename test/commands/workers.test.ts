import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { toFailure } from '../../src/cli/errors.ts';
import { workersSeen } from '../../src/cli/workers.ts';
import { Secret } from '../../src/config/secret.ts';
import { connectTemporal } from '../../src/temporal/connection.ts';
import { serverSetting } from '../support/servers.ts';
import { withResets } from './resets.ts';

/** A connection to the test run's Temporal server. */
interface Line {
  readonly address: string;
  /** From now on nothing is transmitted, but the connection stays open. */
  readonly fallSilent: () => void;
}

async function withLine<T>(use: (line: Line) => Promise<T>): Promise<T> {
  const [host = '', port = ''] = serverSetting('temporal').split(':');
  const pairs: (readonly [near: Socket, far: Socket])[] = [];
  const line = createServer((near) => {
    const far = connect(Number(port), host);
    pairs.push([near, far]);
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => line.once('listening', resolve));
  try {
    return await use({
      address: `127.0.0.1:${(line.address() as AddressInfo).port}`,
      fallSilent: () => {
        for (const [near, far] of pairs) {
          near.unpipe(far);
          far.unpipe(near);
        }
      },
    });
  } finally {
    for (const socket of pairs.flat()) socket.destroy();
    await new Promise((resolve) => line.close(resolve));
  }
}

describe('workersSeen', () => {
  it('gives up within seconds on a server that stops answering: TEMPORAL_UNREACHABLE', async () => {
    await withLine(async ({ address, fallSilent }) => {
      const environment = new Secret({ TEMPORAL_ADDRESS: address, HOME: '/nowhere' });
      const temporal = await connectTemporal({ temporal: { environment } });
      try {
        const session = { temporal, config: { taskQueue: 'unpolled' } };
        expect(await workersSeen(session)).toBe(0);
        fallSilent();
        const error = await workersSeen(session).catch((reason: unknown) => reason);
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
        const error = await workersSeen(session).catch((reason: unknown) => reason);
        expect(toFailure(error)).toMatchObject({ exitCode: 4, code: 'TEMPORAL_UNREACHABLE' });
      } finally {
        await temporal.connection.close();
      }
    });
  });
});
