/**
 * Runs the services of docker-compose.yml, profile `production`, as processes of this machine: the same
 * commands, settings, order, health checks and restarts, without an engine. Both databases answer only
 * after `--late` seconds. Then it runs `legisync up`, and waits for the first rows.
 *
 *   npm run build && node tools/compose/rehearse.ts --late 60
 *
 * It needs temporal-server and temporal-sql-tool on PATH: see CONTRIBUTING.md.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { pollUntil } from '../../local/launcher/poll.ts';
import { createPortPicker } from '../../local/launcher/ports.ts';
import { httpAnswers, tcpAccepts, type ReadyProbe } from '../../local/launcher/ready.ts';
import { createCounter } from '../../local/stack/counts.ts';
import { findTemporalCli } from '../../local/temporal/cli.ts';
import { startServices } from '../support/services.ts';
import { createTcpLine } from '../support/tcpLine.ts';
import { createEngine, type ProcessSpec } from './engine.ts';
import { readCompose, type ComposeService } from './file.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const { values } = parseArgs({ options: { late: { type: 'string', default: '60' } } });
const ROWS = 200;
const WAIT_MS = 300_000;

const started = performance.now();
const log = (line: string): void => {
  const seconds = ((performance.now() - started) / 1_000).toFixed(1).padStart(6);
  process.stderr.write(`${seconds} s  ${line}\n`);
};

const pick = createPortPicker();
const port = async (preferred: number): Promise<number> => (await pick(preferred)).port;
const services = await startServices(100, log);
const database = new URL(services.databaseUrl);
/** Where the databases are looked for, before they answer. */
const late = { database: await port(15_432), supabase: await port(15_421) };
const lines = [
  createTcpLine({ host: database.hostname, port: Number(database.port) }, late.database),
  createTcpLine({ host: '127.0.0.1', port: Number(new URL(services.gatewayUrl).port) }, late.supabase),
];
const ports = { temporal: await port(17_233), health: await port(19_465) };
const { path: temporalCli } = await findTemporalCli({ log, signal: services.signal });

/** `.env`, as a user would write it. */
const dotEnv: Readonly<Record<string, string>> = {
  ...services.settings,
  SUPABASE_URL: `http://127.0.0.1:${late.supabase}`,
  SUPABASE_DB_URL: (services.settings['SUPABASE_DB_URL'] ?? '').replace(
    `:${database.port}/`,
    `:${late.database}/`,
  ),
  TEMPORAL_DB_PASSWORD: decodeURIComponent(database.password),
  TEMPORAL_ADDRESS: `127.0.0.1:${ports.temporal}`,
};

/** Names and ports of containers, and where the same is here. */
const HERE: Readonly<Record<string, string>> = {
  SQL_HOST: '127.0.0.1',
  SQL_PORT: String(late.database),
  SQL_USER: database.username,
  POSTGRES_SEEDS: '127.0.0.1',
  POSTGRES_USER: database.username,
  DB_PORT: String(late.database),
  BIND_ON_IP: '127.0.0.1',
  DYNAMIC_CONFIG_FILE_PATH: join(ROOT, 'deploy/temporal/dynamic-config.yaml'),
  TEMPORAL_ADDRESS: `127.0.0.1:${ports.temporal}`,
};

/**
 * Ports of the server's own services: another server may run on this machine. Below 32,768, because
 * the server keeps them in columns of type smallint.
 */
const SERVER_PORTS: Readonly<Record<string, string>> = {
  FRONTEND_GRPC_PORT: String(ports.temporal),
  FRONTEND_HTTP_PORT: String(await port(17_243)),
  FRONTEND_MEMBERSHIP_PORT: String(await port(16_933)),
  HISTORY_GRPC_PORT: String(await port(17_253)),
  HISTORY_MEMBERSHIP_PORT: String(await port(16_953)),
  MATCHING_GRPC_PORT: String(await port(17_273)),
  MATCHING_MEMBERSHIP_PORT: String(await port(16_973)),
  WORKER_GRPC_PORT: String(await port(17_293)),
  WORKER_MEMBERSHIP_PORT: String(await port(16_993)),
};

function environmentOf({ environment }: ComposeService): Record<string, string> {
  const own = Object.entries(environment).flatMap(([name, value]) => {
    const filled =
      value === null
        ? dotEnv[name]
        : value.replace(/\$\{(\w+):-([^}]*)\}/g, (_, key: string, preset: string) => dotEnv[key] ?? preset);
    return filled === undefined ? [] : [[name, HERE[name] ?? filled] as const];
  });
  const path = `${dirname(temporalCli)}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  return { PATH: path, HOME: process.env['HOME'] ?? '/', ...Object.fromEntries(own) };
}

const asks = (probe: ReadyProbe) => () => probe(AbortSignal.timeout(5_000)).catch(() => false);
const program = (name: string): readonly [string, string] => [
  process.execPath,
  join(ROOT, 'dist/package/bin', name),
];

function specOf(name: string, service: ComposeService): ProcessSpec | undefined {
  const env = environmentOf(service);
  const script = service.volumes[0]?.split(':', 1)[0] ?? '';
  switch (name) {
    case 'temporal-db':
      return {
        command: ['sleep', 'infinity'],
        env,
        healthy: asks(tcpAccepts('127.0.0.1', late.database)),
      };
    case 'temporal-schema':
    case 'temporal-namespace':
      return { command: ['/bin/sh', join(ROOT, script)], env };
    case 'temporal':
      return {
        command: ['temporal-server', 'start'],
        env: { ...env, ...SERVER_PORTS },
        healthy: asks(tcpAccepts('127.0.0.1', ports.temporal)),
      };
    case 'migrate':
      return { command: [...program('legisync.js'), ...service.command.slice(1)], env };
    case 'worker':
      return {
        command: program('worker.js'),
        env: { ...env, LEGISYNC_HEALTH_ADDRESS: `127.0.0.1:${ports.health}` },
        healthy: asks(httpAnswers(`http://127.0.0.1:${ports.health}/ready`)),
      };
    default:
      log(`${name}: left out`);
      return undefined;
  }
}

const file = readCompose(await readFile(join(ROOT, 'docker-compose.yml'), 'utf8'));
const engine = createEngine({ file, profiles: ['production'], specOf, log, signal: services.signal });
const counter = createCounter(services.databaseUrl, services.settings['LEGISYNC_BUCKET'] ?? '');
try {
  const up = engine.up();
  up.catch(() => undefined);
  log(`the databases answer in ${values.late} s`);
  await pause(Number(values.late) * 1_000, undefined, { signal: services.signal });
  await Promise.all(lines.map((line) => line.open()));
  log('the databases answer');
  await up;
  const cli = file.services['cli'];
  if (cli === undefined) throw new Error('docker-compose.yml has no service cli');
  const [node, path] = program('legisync.js');
  await promisify(execFile)(node, [path, 'up'], { env: environmentOf(cli) });
  log('legisync up: done');
  await pollUntil(async () => (await counter.counts()).rows >= ROWS, {
    everyMs: 200,
    timeoutMs: WAIT_MS,
    signal: services.signal,
  });
  log(`files_queue has ${ROWS} rows`);
} finally {
  await engine.down();
  await counter.close();
  await Promise.all(lines.map((line) => line.cut()));
  await services.close();
}
