import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Connection } from '@temporalio/client';
import { startPart, type Part } from '../launcher/child.ts';
import { tcpAccepts, type ReadyProbe } from '../launcher/ready.ts';

/** The types that `--search-attribute NAME=Type` takes. */
export type SearchAttributeType = 'Text' | 'Keyword' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'KeywordList';

export interface StartTemporalOptions {
  /** From `findTemporalCli`. */
  readonly cliPath: string;
  /** SQLite file that keeps all data between starts; undefined: nothing is kept. */
  readonly dbFile?: string | undefined;
  /** gRPC frontend. */
  readonly port: number;
  /** Web UI; undefined: no Web UI. */
  readonly uiPort?: number | undefined;
  readonly namespace: string;
  /** Registered in `namespace` if they are missing. */
  readonly searchAttributes: Readonly<Record<string, SearchAttributeType>>;
  /** Server settings by key; each value as JSON. */
  readonly dynamicConfig: Readonly<Record<string, string | number | boolean>>;
  readonly logFile: string;
  /** Default 30 s; it takes 0.3 s on an idle machine. */
  readonly readyTimeoutMs?: number | undefined;
  /** See `PartSpec.onSpawned`. */
  readonly onSpawned?: ((part: Part) => void | Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A running Temporal server. */
export interface TemporalServer extends Part {
  /** `host:port` of the frontend. */
  readonly address: string;
  readonly uiUrl: string | undefined;
}

const HOST = '127.0.0.1';

const DEFAULT_READY_TIMEOUT_MS = 30_000;

/** Limit for one attempt to connect; the next one follows at once. */
const CONNECT_TIMEOUT_MS = 1_000;

/**
 * Starts `temporal server start-dev` and waits until the namespace answers with every search
 * attribute registered. An open port alone does not guarantee that, and a workflow that uses an
 * attribute too early is refused.
 *
 * @throws PartFailed with the end of the server's log.
 */
export async function startTemporal(options: StartTemporalOptions): Promise<TemporalServer> {
  const address = `${HOST}:${options.port}`;
  if (options.dbFile !== undefined) await mkdir(dirname(options.dbFile), { recursive: true });
  const part = await startPart({
    name: 'temporal',
    command: options.cliPath,
    args: serverArgs(options),
    env: withoutTemporalSettings(process.env),
    logFile: options.logFile,
    readyTimeoutMs: options.readyTimeoutMs ?? DEFAULT_READY_TIMEOUT_MS,
    ready: servesNamespace(options),
    onSpawned: options.onSpawned,
    signal: options.signal,
  });
  return {
    ...part,
    address,
    uiUrl: options.uiPort === undefined ? undefined : `http://${HOST}:${options.uiPort}`,
  };
}

function serverArgs(options: StartTemporalOptions): string[] {
  return [
    'server',
    'start-dev',
    ...['--ip', HOST],
    ...['--port', String(options.port)],
    ...(options.uiPort === undefined ? ['--headless'] : ['--ui-port', String(options.uiPort)]),
    // The newsfeed is fetched from the internet by the browser.
    '--ui-disable-news-fetch',
    ...(options.dbFile === undefined ? [] : ['--db-filename', options.dbFile]),
    ...['--namespace', options.namespace],
    ...Object.entries(options.searchAttributes).flatMap(([name, type]) => [
      '--search-attribute',
      `${name}=${type}`,
    ]),
    ...Object.entries(options.dynamicConfig).flatMap(([key, value]) => [
      '--dynamic-config-value',
      `${key}=${JSON.stringify(value)}`,
    ]),
  ];
}

/**
 * Removes `TEMPORAL_ADDRESS`, profiles and more: the CLI would read them, but they are for a client
 * of another server.
 */
function withoutTemporalSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

function servesNamespace({ port, namespace, searchAttributes }: StartTemporalOptions): ReadyProbe {
  // After a refused connection, a gRPC client waits a second. So it connects only when the port is
  // open.
  const portOpen = tcpAccepts(HOST, port);
  return async (attempt) => {
    await portOpen(attempt);
    const connection = await Connection.connect({
      address: `${HOST}:${port}`,
      connectTimeout: CONNECT_TIMEOUT_MS,
    });
    try {
      return await connection.withDeadline(Date.now() + CONNECT_TIMEOUT_MS, async () => {
        const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
        const missing = Object.keys(searchAttributes).find((name) => !(name in customAttributes));
        if (missing !== undefined) throw new Error(`search attribute ${missing} is not registered yet`);
        return true;
      });
    } finally {
      await connection.close();
    }
  };
}
