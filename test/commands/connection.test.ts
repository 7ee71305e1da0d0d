import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Secret } from '../../src/config/secret.ts';
import { connectTemporal } from '../../src/temporal/connection.ts';
import { connectWorker } from '../../src/temporal/nativeConnection.ts';
import { TemporalUnreachable } from '../../src/temporal/target.ts';
import { serverSetting } from '../support/servers.ts';

const configFor = (address: string) => ({
  temporal: {
    environment: new Secret({ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: 'law', HOME: '/nowhere' }),
  },
});

describe.each([
  ['connectTemporal', connectTemporal],
  ['connectWorker', connectWorker],
])('%s', (_name, connect) => {
  it('connects to the server and the namespace that the settings name', async () => {
    const address = serverSetting('temporal');
    const connected = await connect(configFor(address));
    await connected.connection.close();
    expect(connected).toMatchObject({ address, namespace: 'law' });
  });

  it('gives up if the server accepts but never answers', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      await expect(connect(configFor(`127.0.0.1:${port}`))).rejects.toThrow(TemporalUnreachable);
    } finally {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
