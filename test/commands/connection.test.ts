import { createServer, type AddressInfo, type Socket } from 'node:net';
import { toFailure } from '../../src/cli/errors.ts';
import { Secret } from '../../src/config/secret.ts';
import { connectTemporal } from '../../src/temporal/connection.ts';
import { connectWorker } from '../../src/temporal/nativeConnection.ts';
import { TemporalUnreachable } from '../../src/temporal/target.ts';
import { serverSetting } from '../support/servers.ts';
import { CERTIFICATE, freePort, withServer, type ServerKind } from './grpcServers.ts';

const configFor = (address: string, settings: Readonly<Record<string, string>> = {}) => ({
  temporal: {
    environment: new Secret({
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: 'law',
      HOME: '/nowhere',
      ...settings,
    }),
  },
});

const CANARY = 'canary-of-the-api-key';
const TRUST = { TEMPORAL_TLS: 'true', TEMPORAL_TLS_SERVER_CA_CERT_DATA: CERTIFICATE };
const TLS: ServerKind = { protocol: 'grpc with TLS' };
const refusesKey: ServerKind = {
  protocol: 'grpc with TLS',
  answers: () => ({ code: 16, message: `no such key: ${CANARY}` }),
};
const fails: ServerKind = { protocol: 'grpc', answers: () => ({ code: 3, message: `odd: ${CANARY}` }) };

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

  it.each<[string, ServerKind, Record<string, string>, RegExp, string]>([
    ['TLS without its authority', TLS, { TEMPORAL_TLS: 'true' }, /not trusted \(self-signed/, 'CA_CERT_PATH'],
    [
      'TLS for another host name',
      TLS,
      { ...TRUST, TEMPORAL_TLS_SERVER_NAME: 'elsewhere.example' },
      /certificate of another host name/,
      'TEMPORAL_TLS_SERVER_NAME',
    ],
    ['TLS, but the settings do not', TLS, {}, /ends the connection without a gRPC/, 'TEMPORAL_TLS'],
    [
      'a certificate of the client',
      { protocol: 'grpc with client certificates' },
      TRUST,
      /refuses the TLS handshake \(.*certificate required\)/,
      'TEMPORAL_TLS_CLIENT_CERT_PATH',
    ],
    ['no TLS', { protocol: 'http' }, { TEMPORAL_TLS: 'true' }, /does not speak TLS/, 'TEMPORAL_TLS=false'],
    ['no gRPC', { protocol: 'http' }, {}, /ends the connection without a gRPC answer/, 'TEMPORAL_ADDRESS'],
    [
      'another service',
      { protocol: 'grpc', answers: () => ({ code: 12, message: 'unknown service' }) },
      {},
      /answers, but is not a Temporal server/,
      'TEMPORAL_ADDRESS',
    ],
    ['a failure', fails, { TEMPORAL_GRPC_META_TENANT: CANARY }, /failed \(odd: \[secret\]\)/, 'TEMPORAL'],
  ])(
    'says at once why it cannot connect to a server with %s',
    async (_what, kind, settings, reason, next) => {
      await withServer(kind, async (port) => {
        const error: unknown = await connect(configFor(`localhost:${port}`, settings)).catch(
          (e: unknown) => e,
        );
        expect(error).toBeInstanceOf(TemporalUnreachable);
        const failure = toFailure(error);
        expect(failure).toMatchObject({ exitCode: 4, code: 'TEMPORAL_UNREACHABLE' });
        expect(failure.message).toMatch(reason);
        expect(failure.message).toContain(`localhost:${port}`);
        expect(failure.next).toContain(next);
      });
    },
  );

  it.each<[string, () => Promise<string>, RegExp]>([
    [
      'nothing listens',
      async () => `localhost:${await freePort()}`,
      /refuses the connection \(.*ECONNREFUSED/,
    ],
    ['nothing listens, by IPv6', async () => `[::1]:${await freePort()}`, /refuses|cannot be|failed/],
    ['its name is unknown', () => Promise.resolve('temporal.invalid:7233'), /cannot be resolved/],
    ['the port does not exist', () => Promise.resolve('localhost:99999'), /has a port that does not exist/],
  ])('says at once why it cannot connect if %s', async (_what, addressOf, reason) => {
    const address = await addressOf();
    const failure = toFailure(await connect(configFor(address)).catch((e: unknown) => e));
    expect(failure).toMatchObject({ exitCode: 4, code: 'TEMPORAL_UNREACHABLE' });
    expect(failure.message).toMatch(reason);
    expect(failure.message).toContain(address);
    expect(failure.message).not.toContain('within');
  });

  it('says at once that the server does not use TLS', async () => {
    const config = configFor(serverSetting('temporal'), { TEMPORAL_TLS: 'true' });
    const failure = toFailure(await connect(config).catch((e: unknown) => e));
    expect(failure).toMatchObject({ exitCode: 4, code: 'TEMPORAL_UNREACHABLE' });
    expect(failure.message).toMatch(/does not speak TLS|ends the connection/);
    expect(failure.next).toContain('TEMPORAL_TLS');
  });

  it('says at once that the API key is refused: CONFIG_INVALID, without the key', async () => {
    await withServer(refusesKey, async (port) => {
      const settings = { ...TRUST, TEMPORAL_API_KEY: CANARY };
      const failure = toFailure(
        await connect(configFor(`localhost:${port}`, settings)).catch((e: unknown) => e),
      );
      expect(failure).toMatchObject({ exitCode: 3, code: 'CONFIG_INVALID' });
      expect(failure.message).toContain('refuses the API key');
      expect(failure.next).toContain('TEMPORAL_API_KEY');
      expect(failure.message).not.toContain(CANARY);
    });
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

describe('connectTemporal', () => {
  it('waits for a server that is starting: it answers, but is unavailable', async () => {
    const answers = (call: number) => (call < 3 ? { code: 14, message: 'not ready' } : { code: 0 });
    await withServer({ protocol: 'grpc', answers }, async (port) => {
      const { connection } = await connectTemporal(configFor(`localhost:${port}`));
      await connection.close();
    });
  });
});
