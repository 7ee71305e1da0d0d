import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, type Authority, type Certificate } from '../support/certificates.ts';
import { openSecureProxy, type SecureProxy, type SecureProxyOptions } from '../support/secureProxy.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import { eventually, startWorker } from '../support/workers.ts';
import { json, legisyncProcess, type Ended, type TestNamespace } from './harness.ts';
import { openReadyNamespace } from './worlds.ts';

/**
 * Temporal's own settings, as `@temporalio/envconfig` reads them, against a server with TLS. Commands
 * connect by `@grpc/grpc-js`, workers by the native client: each case is tried with both.
 */

const KEY = 'canary-key "of" a\\server+/=7c1f';
/** gRPC status code: the server knows the key, and it has no right. */
const PERMISSION_DENIED = 7;

const WRONG_KEY = 'wrong-canary-key "of" a\\server+/=7c1f';

let stack: TestStack;
let namespace: TestNamespace;
let folder: string;
let authority: Authority;
let server: Certificate;
let client: Certificate;

beforeAll(async () => {
  [stack, namespace] = await Promise.all([openStack(), openReadyNamespace()]);
  folder = await mkdtemp(join(tmpdir(), 'legisync-tls-'));
  authority = await createAuthority(join(folder, 'authority'), 'authority of this test');
  [server, client] = [await authority.sign('server'), await authority.sign('client')];
});
afterAll(async () => {
  await namespace.close();
  await stack.close();
  await rm(folder, { recursive: true, force: true });
});

type Settings = Readonly<Record<string, string>>;

/** Settings that trust the server of this test. */
const trust = (): Settings => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: authority.certificatePath });
const identify = ({ certificatePath, keyPath }: Certificate): Settings => ({
  TEMPORAL_TLS_CLIENT_CERT_PATH: certificatePath,
  TEMPORAL_TLS_CLIENT_KEY_PATH: keyPath,
});

/** Lends a server with TLS in front of the run's Temporal server. */
async function withServer<T>(
  options: Partial<SecureProxyOptions>,
  use: (proxy: SecureProxy) => Promise<T>,
): Promise<T> {
  const proxy = await openSecureProxy({ target: namespace.address, server, ...options });
  try {
    return await use(proxy);
  } finally {
    await proxy.close();
  }
}

/** The environment of a command or a worker that finds Temporal by `settings` alone. */
function environment(settings: Settings): Record<string, string> {
  const { TEMPORAL_ADDRESS: _plain, ...others } = stack.env();
  return {
    ...others,
    HOME: folder,
    TEMPORAL_NAMESPACE: namespace.namespace,
    LEGISYNC_TASK_QUEUE: `tls-${randomUUID()}`,
    LEGISYNC_LOG_LEVEL: 'trace',
    ...settings,
  };
}

const status = (settings: Settings): Promise<Ended> =>
  legisyncProcess({ cwd: folder, env: environment(settings) }, 'status', '--json');

/** What a worker prints and how it ends. */
async function workerEnd(settings: Settings): Promise<{ code: number | NodeJS.Signals; output: string }> {
  const worker = startWorker(environment(settings));
  const code = await worker.ended;
  return { code, output: worker.output() };
}

/**
 * A worker polls and completes a workflow that a command has started; both have only `settings`.
 *
 * @returns all that they have printed
 */
async function collects(settings: Settings): Promise<string> {
  const env = environment(settings);
  const worker = startWorker(env);
  try {
    await worker.ready;
    const world = { cwd: folder, env };
    const shown = await legisyncProcess(world, 'status', '--json');
    expect(shown).toMatchObject({ code: 0 });
    expect(json(shown)).toMatchObject({ temporal: { namespace: namespace.namespace } });
    const run = await legisyncProcess(world, 'maintenance', 'run', 'urbanisme', '--limit', '2', '--json');
    expect(run).toMatchObject({ code: 0 });
    // Documents that an earlier run has just visited are left out, so their number differs.
    const totals: unknown = expect.objectContaining({ batches: 1, failedAttempts: 0 });
    expect(json(run)).toMatchObject({ runs: [{ started: true, result: { totals, quotaSpent: false } }] });
    return [shown, run].map(({ stdout, stderr }) => stdout + stderr).join('') + worker.output();
  } finally {
    expect(await worker.stop()).toBe(0);
  }
}

describe('a Temporal server with TLS', () => {
  it('is used by commands and workers that trust its authority', async () => {
    await withServer({}, async (proxy) => {
      await collects({ TEMPORAL_ADDRESS: proxy.address, ...trust() });
      expect(proxy.calls().forwarded).toBeGreaterThan(10);
    });
  });

  it('that expects certificates of clients is used with one, by a profile of temporal.toml', async () => {
    await withServer({ clientAuthority: authority.certificate }, async (proxy) => {
      const file = join(folder, 'temporal.toml');
      await writeFile(
        file,
        `[profile.production]
address = "${proxy.address}"
[profile.production.tls]
server_ca_cert_path = "${authority.certificatePath}"
client_cert_path = "${client.certificatePath}"
client_key_path = "${client.keyPath}"
`,
      );
      await collects({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'production' });
      await collects({ TEMPORAL_ADDRESS: proxy.address, ...trust(), ...identify(client) });
    });
  });

  it('that expects an API key is used with it, and the key is in no output', async () => {
    await withServer({ apiKey: KEY }, async (proxy) => {
      const output = await collects({
        TEMPORAL_ADDRESS: proxy.address,
        ...trust(),
        TEMPORAL_API_KEY: KEY,
      });
      expect(output).not.toContain('canary-key');
      expect(proxy.calls()).toMatchObject({ refused: 0 });
    });
  });
});

interface Refusal {
  readonly what: string;
  readonly options: () => Promise<Partial<SecureProxyOptions>>;
  readonly settings: () => Settings;
  readonly code: string;
  readonly exitCode: number;
  readonly message: RegExp;
  readonly next: RegExp;
}

const UNREACHABLE = { code: 'TEMPORAL_UNREACHABLE', exitCode: 4 } as const;
const none = () => Promise.resolve({});

const REFUSALS: readonly Refusal[] = [
  {
    what: 'a certificate of an unknown authority',
    options: none,
    settings: () => ({ TEMPORAL_TLS: 'true' }),
    ...UNREACHABLE,
    message: /has a certificate that is not trusted \(.*certificate.*\)/,
    next: /TEMPORAL_TLS_SERVER_CA_CERT_PATH/,
  },
  {
    what: 'an expired certificate',
    options: async () => ({ server: await authority.sign('expired', { expired: true }) }),
    settings: trust,
    ...UNREACHABLE,
    message: /has a certificate that is not valid today \(certificate has expired\)/,
    next: /renew/,
  },
  {
    what: 'a certificate of another host',
    options: async () => ({ server: await authority.sign('elsewhere', { host: 'elsewhere.example' }) }),
    settings: trust,
    ...UNREACHABLE,
    message: /has a certificate of another host name \(.*elsewhere\.example\)/,
    next: /TEMPORAL_TLS_SERVER_NAME/,
  },
  {
    what: 'no certificate of the client',
    options: () => Promise.resolve({ clientAuthority: authority.certificate }),
    settings: trust,
    ...UNREACHABLE,
    message: /refuses the TLS handshake \(.*certificate required\)/,
    next: /TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH/,
  },
  {
    what: 'a wrong API key',
    options: () => Promise.resolve({ apiKey: KEY }),
    settings: () => ({ ...trust(), TEMPORAL_API_KEY: WRONG_KEY }),
    code: 'CONFIG_INVALID',
    exitCode: 3,
    message: /refuses the API key or the client certificate/,
    next: /TEMPORAL_API_KEY/,
  },
];

describe('a Temporal server that cannot be used', () => {
  it.each(REFUSALS)(
    'because of $what is named by commands and workers, with the reason and what to do',
    async ({ options, settings, code, exitCode, message, next }) => {
      await withServer(await options(), async (proxy) => {
        const all = { TEMPORAL_ADDRESS: proxy.address, ...settings() };
        const ended = await status(all);
        expect(ended.code).toBe(exitCode);
        expect(json(ended)).toEqual({
          error: {
            code,
            message: expect.stringMatching(message) as string,
            next: expect.stringMatching(next) as string,
          },
        });
        const worker = await workerEnd(all);
        expect(worker.code).toBe(1);
        expect(worker.output).toMatch(message);
        expect(worker.output).toMatch(next);
        expect(ended.stdout + ended.stderr + worker.output).not.toContain('canary-key');
      });
    },
  );

  it('because it fails later is named without the key, which only a profile of temporal.toml has', async () => {
    await withServer({ apiKey: KEY }, async (proxy) => {
      const file = join(folder, 'key.toml');
      await writeFile(
        file,
        `[profile.default]
address = "${proxy.address}"
api_key = '${KEY}'
[profile.default.tls]
server_ca_cert_path = "${authority.certificatePath}"
`,
      );
      const worker = startWorker(environment({ TEMPORAL_CONFIG_FILE: file }));
      await worker.ready;
      proxy.refuse({ code: PERMISSION_DENIED, text: (authorization) => `not for ${authorization}` });
      const ended = await status({ TEMPORAL_CONFIG_FILE: file });
      expect(ended.code).toBe(3);
      // Its heartbeat is refused, and logged, within ten seconds.
      await eventually(() => Promise.resolve(worker.output().includes('not for ')));
      proxy.refuse();
      await worker.stop();
      expect(ended.stdout + ended.stderr + worker.output()).not.toContain('canary-key');
    });
  });
});
