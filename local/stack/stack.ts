import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { StartOptions } from '../launcher/args.ts';
import { runStep, type Part } from '../launcher/child.ts';
import { createPortPicker } from '../launcher/ports.ts';
import type { Shutdown } from '../launcher/shutdown.ts';
import type { StackStateFile } from '../launcher/state.ts';
import { supervise, type SupervisedPart } from '../launcher/supervise.ts';
import { databaseUrl } from '../postgres/bootstrap.ts';
import { supabaseKeys } from '../supabase/keys.ts';
import { findTemporalCli } from '../temporal/cli.ts';
import { collectionsFile } from './collections.ts';
import { createCounter, type Counter, type Counts } from './counts.ts';
import { BUCKET, stackEnvironment } from './environment.ts';
import {
  gatewayPart,
  legifrancePart,
  postgresPart,
  temporalPart,
  workerPart,
  type PartContext,
} from './parts.ts';
import { jwtSecret, type StackPaths } from './paths.ts';

/** Usual ports, or ports near them. If one is busy, another one is used and logged. */
const PORTS = { postgres: 54_322, supabase: 54_321, legifrance: 54_330, temporal: 7_233, ui: 8_233 } as const;

/** Limit for one `legisync` command: it connects, does its work and exits. */
const STEP_MS = 60_000;

export interface Stack {
  readonly counter: Counter;
  /** Counts before this start collected anything. */
  readonly before: Counts;
  readonly gatewayUrl: string;
  /** Runs `legisync …` against the stack. */
  readonly legisync: (args: readonly string[]) => Promise<void>;
}

export interface StackContext {
  readonly paths: StackPaths;
  readonly options: StartOptions;
  readonly shutdown: Shutdown;
  readonly state: StackStateFile;
  /** Called when a part cannot be kept running. */
  readonly onLost: (error: Error) => void;
  /** Writes one line for the user. */
  readonly log: (line: string) => void;
}

/**
 * Starts all parts in order, each in its own process. Returns when documents are being collected.
 */
export async function startStack({
  paths,
  options,
  shutdown,
  state,
  onLost,
  log,
}: StackContext): Promise<Stack> {
  const { signal } = shutdown;
  const named = options.collections ?? (process.env['LEGISYNC_COLLECTIONS'] || undefined);
  const collections = named === undefined ? undefined : await collectionsFile(named);
  const context: PartContext = { paths, signal, onSpawned: (part) => state.addPart(part) };
  // Runs while the other parts start: if the CLI must be built, this takes minutes.
  const cli = findTemporalCli({ log, signal });
  cli.catch(() => undefined);
  const pick = createPortPicker();
  const port = async (preferred: number): Promise<number> => {
    const picked = await pick(preferred);
    if (picked.note !== undefined) log(picked.note);
    return picked.port;
  };
  const run = async <P extends SupervisedPart>(
    start: () => Promise<P>,
    url: (part: P) => string,
  ): Promise<P> => {
    const part = await supervise({ start, onLost, shutdown, log });
    log(`${part.name.padEnd(12)}${url(part)}`);
    return part;
  };

  const postgresPort = await port(PORTS.postgres);
  const postgres = await run(
    async () => {
      const part = await postgresPart(context, postgresPort);
      await state.addPart(part);
      return part;
    },
    (part) => `127.0.0.1:${part.port}; psql "$(npx legisync env SUPABASE_DB_URL)"`,
  );
  if (postgres.note !== undefined) log(postgres.note);

  const secret = await jwtSecret(paths.jwtSecret);
  const gatewayPort = await port(PORTS.supabase);
  const gatewayUrl = `http://127.0.0.1:${gatewayPort}`;
  await run(
    () => gatewayPart(context, gatewayPort, { databaseUrl: postgres.url, jwtSecret: secret }),
    () => `${gatewayUrl} (Storage and PostgREST)`,
  );

  const clientSecret = randomBytes(16).toString('hex');
  const legifrancePort = await port(PORTS.legifrance);
  const legifranceUrl = `http://127.0.0.1:${legifrancePort}`;
  await run(
    () => legifrancePart(context, legifrancePort, { ...options, clientSecret }),
    () => `${legifranceUrl} (${options.rate} requests/s; control it with POST /_control)`,
  );

  const { path: cliPath } = await cli;
  const temporalPorts = { grpc: await port(PORTS.temporal), ui: await port(PORTS.ui) };
  const temporal = await run(
    () => temporalPart(context, temporalPorts, cliPath),
    (part) => `${part.address}, Web UI ${part.uiUrl ?? ''}`,
  );

  const { serviceKey } = await supabaseKeys(secret);
  const asPostgres = new URL(databaseUrl(postgres.url, 'postgres'));
  asPostgres.username = 'postgres';
  const settings = stackEnvironment(
    {
      legifranceUrl,
      clientSecret,
      supabaseUrl: gatewayUrl,
      serviceKey,
      databaseUrl: asPostgres.href,
      temporalAddress: temporal.address,
    },
    options,
    process.env,
    collections,
  );
  const env = { ...process.env, ...settings };
  const legisync = (args: readonly string[]): Promise<void> =>
    runStep({
      name: `legisync ${args.join(' ')}`,
      command: process.execPath,
      args: [join(paths.checkout, 'bin/legisync.js'), ...args],
      cwd: paths.root,
      env,
      logFile: paths.log(`legisync-${args[0] ?? ''}`),
      timeoutMs: STEP_MS,
      signal,
    });

  await legisync(['migrate']);
  const counter = createCounter(postgres.url, BUCKET);
  const before = await counter.counts();
  await run<Part>(
    () => workerPart(context, env),
    () => `task queue legisync; log ${paths.log('worker')}`,
  );
  await legisync(['up']);
  await state.setEnv(settings);
  return { counter, before, gatewayUrl, legisync };
}
