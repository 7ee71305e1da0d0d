import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as TemporalClient, Connection } from '@temporalio/client';
import { Client as SqlClient, escapeLiteral } from 'pg';
import type { Part } from '../../../local/launcher/child.ts';
import { startTimeOf } from '../../../local/launcher/processes.ts';
import { createStackState } from '../../../local/launcher/state.ts';
import { databaseUrl } from '../../../local/postgres/bootstrap.ts';
import { removeDataDir, siblings } from '../../../local/postgres/dataDir.ts';
import { choosePort } from '../../../local/postgres/port.ts';
import { stackEnvironment } from '../../../local/stack/environment.ts';
import {
  gatewayPart,
  legifrancePart,
  postgresPart,
  temporalPart,
  workerPart,
  type PartContext,
} from '../../../local/stack/parts.ts';
import { jwtSecret, stackPaths } from '../../../local/stack/paths.ts';
import { supabaseKeys } from '../../../local/supabase/keys.ts';
import type { Canary } from '../../support/canaries/needles.ts';
import { createAuthority } from '../../support/certificates.ts';
import { openSecureProxy, type SecureProxy } from '../../support/secureProxy.ts';
import { serverSetting } from '../../support/servers.ts';
import { legisyncProcess, type Ended } from '../../commands/harness.ts';
import { canariesOf, SECRETS } from './secrets.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const RATE = 200;
const STOP_MS = 20_000;

type Settings = Readonly<Record<string, string>>;

/** The whole, each part in a process of its own, with marked secrets. */
export interface CanaryStack {
  /** All that the stack writes is below it. */
  readonly folder: string;
  /** Files that hold secrets because the stack is started from them. */
  readonly secretFiles: readonly string[];
  readonly canaries: readonly Canary[];
  /** The server that checks the API key. */
  readonly proxy: SecureProxy;
  readonly metricsUrl: string;
  /** Runs SQL as the superuser. */
  readonly sql: <T extends object>(text: string, values?: readonly unknown[]) => Promise<T[]>;
  /** Not through the proxy. */
  readonly temporal: TemporalClient;
  /** The URL of the database, with this password. */
  readonly urlWith: (password: string) => string;
  /** Has the simulator, or the gateway, do something. */
  readonly simulator: (command: object) => Promise<void>;
  readonly gateway: (command: object) => Promise<void>;
  /** Starts a worker whose log is `<name>.log`, and waits until it polls. */
  readonly worker: (name: string, settings?: Settings) => Promise<Part>;
  /** The environment of that worker. */
  readonly workerEnv: (settings?: Settings) => Record<string, string>;
  /** Runs `legisync …`, which finds the stack by its file. */
  readonly legisync: (settings: Settings, ...args: string[]) => Promise<Ended>;
  readonly log: (part: string) => string;
  readonly close: () => Promise<void>;
}

export async function openCanaryStack(): Promise<CanaryStack> {
  const folder = await mkdtemp(join(tmpdir(), 'legisync-canary-'));
  // Where the tests run as root, PostgreSQL has a user of its own that must enter it.
  await chmod(folder, 0o755);
  const [home, temporary] = [join(folder, 'home'), join(folder, 'tmp')];
  for (const path of [home, temporary]) await mkdir(path);
  // For the processes that inherit the environment: their temporary files are searched, too.
  process.env['TMPDIR'] = temporary;
  // Commands compile the same modules each time.
  process.env['NODE_COMPILE_CACHE'] = join(temporary, 'compile-cache');
  process.env['LEGIFRANCE_SIMULATOR_TOKEN_PREFIX'] = SECRETS.tokenPrefix;

  const paths = stackPaths(ROOT, join(folder, 'data'));
  const closing: (() => Promise<unknown>)[] = [];
  const started: Part[] = [];
  const context: PartContext = {
    paths,
    signal: new AbortController().signal,
    onSpawned: (part) => Promise.resolve(void started.push(part)),
  };
  const close = async (): Promise<void> => {
    for (const part of started.toReversed()) await part.stop(STOP_MS);
    for (const step of closing.toReversed()) await step();
    await removeDataDir(paths.postgres);
    await rm(folder, { recursive: true, force: true });
  };

  try {
    const postgres = await postgresPart(context, await choosePort());
    closing.push(() => postgres.stop(STOP_MS));
    const admin = new SqlClient({ connectionString: databaseUrl(postgres.url, 'postgres') });
    await admin.connect();
    closing.push(() => admin.end());
    for (const login of ['postgres', 'authenticator', 'supabase_storage_admin']) {
      await admin.query(`alter role ${login} password ${escapeLiteral(SECRETS.databasePassword)}`);
    }
    const urlWith = (password: string): string =>
      `postgresql://postgres:${encodeURIComponent(password)}@127.0.0.1:${postgres.port}/postgres`;
    const ownUrl = urlWith(SECRETS.databasePassword);

    await mkdir(paths.root, { recursive: true });
    await writeFile(paths.jwtSecret, SECRETS.jwtSecret.padEnd(32, '0'), { mode: 0o600 });
    const secret = await jwtSecret(paths.jwtSecret);
    const [gatewayPort, simulatorPort] = [await choosePort(), await choosePort()];
    const gatewayUrl = `http://127.0.0.1:${gatewayPort}`;
    await gatewayPart(context, gatewayPort, { databaseUrl: ownUrl, jwtSecret: secret });
    const legifranceUrl = `http://127.0.0.1:${simulatorPort}`;
    const clientSecret = SECRETS.pisteSecret;
    await legifrancePart(context, simulatorPort, { rate: RATE, latencyMs: 0, decisions: 50, clientSecret });
    const ports = { grpc: await choosePort(), ui: await choosePort() };
    const temporal = await temporalPart(context, ports, serverSetting('temporalCli'));
    const connection = await Connection.connect({ address: temporal.address });
    closing.push(() => connection.close());

    const authority = await createAuthority(join(folder, 'authority'), 'authority of this test');
    const proxy = await openSecureProxy({
      target: temporal.address,
      server: await authority.sign('server'),
      apiKey: SECRETS.temporalKey,
    });
    closing.push(() => proxy.close());

    const { serviceKey } = await supabaseKeys(secret);
    const metrics = `127.0.0.1:${await choosePort()}`;
    const settings = {
      ...stackEnvironment(
        {
          ...{ legifranceUrl, clientSecret, serviceKey },
          ...{ supabaseUrl: gatewayUrl, databaseUrl: ownUrl, temporalAddress: proxy.address },
        },
        { rate: RATE, lanes: undefined },
        {},
        undefined,
      ),
      TEMPORAL_API_KEY: SECRETS.temporalKey,
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: authority.certificatePath,
      LEGISYNC_METRICS_ADDRESS: metrics,
    };
    const startTime = (await startTimeOf(process.pid)) ?? '';
    const state = await createStackState(paths.state, {
      pid: process.pid,
      startTime,
      startedAt: new Date().toISOString(),
    });
    await state.setEnv(settings);

    const inherited = {
      TMPDIR: temporary,
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
    };
    const own = { PATH: process.env['PATH'] ?? '', HOME: home, ...inherited };
    const workerEnv = (more: Settings = {}) => ({
      ...{ ...own, ...settings },
      LEGISYNC_LOG_LEVEL: 'trace',
      ...more,
    });
    return {
      ...{ folder, proxy, urlWith, workerEnv, close },
      log: paths.log,
      secretFiles: [paths.state, paths.jwtSecret, siblings(paths.postgres).password],
      canaries: canariesOf({
        serviceKey,
        superuserPassword: (await readFile(siblings(paths.postgres).password, 'utf8')).trim(),
      }),
      metricsUrl: `http://${metrics}/metrics`,
      async sql<T extends object>(text: string, values: readonly unknown[] = []) {
        return (await admin.query<T>(text, [...values])).rows;
      },
      temporal: new TemporalClient({ connection }),
      simulator: (command) => control(legifranceUrl, command),
      gateway: (command) => control(gatewayUrl, command),
      worker: (name, more) =>
        workerPart({ ...context, paths: { ...paths, log: () => paths.log(name) } }, workerEnv(more)),
      legisync: (more, ...args) =>
        legisyncProcess({ cwd: home, env: { ...inherited, LEGISYNC_STACK: paths.state, ...more } }, ...args),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function control(url: string, command: object): Promise<void> {
  const answer = await fetch(`${url}/_control`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(command),
  });
  if (!answer.ok) throw new Error(`${url} refuses the command: ${await answer.text()}`);
}
