import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { provideBinaries } from './binaries.ts';
import type { PostgresBinaries } from './binaries.ts';
import { isInitialised, resolveDataDir, siblings } from './dataDir.ts';
import { SUPERUSER, initialise, readPassword, serverEnv } from './initdb.ts';
import { serverUser } from './osUser.ts';
import type { OsUser } from './osUser.ts';
import { choosePort } from './port.ts';
import { processIdentity, processIsAlive, readPostmasterPid, signal as sendSignal } from './postmasterPid.ts';

export interface PostgresOptions {
  /** Folder of the cluster, made when missing. Normally `.local/postgres` of the checkout. */
  readonly dataDir: string;
  /** The port to take if it is free; else, and by default, any free one. */
  readonly port?: number;
  /** Server settings (`-c name=value`) over ours, e.g. `{ fsync: 'off' }` for data that may be lost. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Where the server writes its log. Default: `<dataDir>.log`. */
  readonly logFile?: string;
  /** Gives up starting. A server that runs is not affected. */
  readonly signal?: AbortSignal;
}

export interface RunningPostgres {
  readonly port: number;
  /** URL of the superuser `supabase_admin` on database `postgres`, with its password. */
  readonly url: string;
  readonly pid: number;
  /** What a person should know about where the data is. */
  readonly note?: string;
  /** Settles when the server ends, for whatever reason. */
  readonly exited: Promise<void>;
  /** Fast shutdown (rolls transactions back, keeps the data); immediate after 8 s. Can be called again. */
  stop(): Promise<void>;
}

/** A development machine with two cores. `synchronous_commit` stays on: tests kill processes and count what is left. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  synchronous_commit: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** A start after a crash replays up to `max_wal_size` of log first. */
const READY_TIMEOUT_MS = 120_000;
const READY_POLL_MS = 20;
/** A start fails in passing when its port is snatched, or while children of a killed server still exit. */
const START_ATTEMPTS = 4;
const START_PAUSE_MS = 500;
/** A fast shutdown writes one checkpoint. The launcher has 10 s for everything. */
const FAST_SHUTDOWN_MS = 8_000;
const IMMEDIATE_SHUTDOWN_MS = 1_000;
/** The log begins anew at a start when it has grown beyond this. */
const LOG_LIMIT_BYTES = 10_000_000;
/** As much of the log as fits on a screen goes into the error when the server does not start. */
const LOG_TAIL_CHARS = 2_000;

/**
 * Starts PostgreSQL 17 on `dataDir`, as root (it then runs as the system user `postgres`) or as any other user.
 * A new cluster is made in about a second; an existing one starts in a tenth.
 *
 * @throws Error when the binaries are missing, when another live session uses the folder, or when the server does
 *   not come up, with the end of its log.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const dataDir = resolve(options.dataDir);
  const logFile = resolve(options.logFile ?? `${dataDir}.log`);
  const files = siblings(dataDir);
  const user = await serverUser();
  const binaries = await provideBinaries();
  const { path, note } = await resolveDataDir(dataDir, user);
  await mkdir(dirname(logFile), { recursive: true });

  await takeOver(path, files.owner);
  if (!(await isInitialised(path))) {
    const sync = options.flags?.['fsync'] !== 'off';
    await initialise({ binaries, user, path, passwordFile: files.password, sync }, options.signal);
  }
  const password = await readPassword(files.password);
  await writeFile(files.owner, (await processIdentity(process.pid)) ?? '');

  for (let attempt = 1; ; attempt += 1) {
    const port = await choosePort(options.port);
    const child = await launch({ binaries, user, path, port, logFile, flags: options.flags ?? {} });
    if (await becomesReady(child, path, options.signal)) {
      const url = `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`;
      return { port, url, ...handle(child), ...(note === undefined ? {} : { note }) };
    }
    if (attempt >= START_ATTEMPTS) throw await startError(path, logFile);
    await pause(START_PAUSE_MS, undefined, { ...(options.signal && { signal: options.signal }) });
  }
}

/**
 * A server may still run on the folder, because whoever started it was killed without a chance to stop it. It is
 * stopped, so that this start decides about port and settings. If its starter lives, it is not ours to stop.
 */
async function takeOver(path: string, ownerFile: string): Promise<void> {
  const recorded = await readPostmasterPid(path);
  if (recorded === undefined) return;
  const { pid } = recorded;
  if (!(await processIsAlive(pid, path))) {
    // A dead number is left to PostgreSQL, which also looks for children that survive. A number that went to another
    // program would stop it for ever: it only sees that somebody lives under that number.
    if (sendSignal(pid, 0)) await rm(join(path, 'postmaster.pid'), { force: true });
    return;
  }
  const owner = await readFile(ownerFile, 'utf8').catch(() => '');
  const ownerPid = Number(owner.split(' ')[0]);
  if (ownerPid > 0 && (await processIdentity(ownerPid)) === owner) {
    throw new Error(
      `PostgreSQL already runs on ${path} (pid ${pid}), started by process ${ownerPid}, which is alive. ` +
        `Stop that one first (kill ${ownerPid}), or use another folder.`,
    );
  }
  sendSignal(pid, 'SIGINT');
  if (await goneWithin(pid, path, FAST_SHUTDOWN_MS)) return;
  sendSignal(pid, 'SIGQUIT');
  if (await goneWithin(pid, path, FAST_SHUTDOWN_MS)) return;
  throw new Error(`An orphaned PostgreSQL (pid ${pid}) on ${path} does not stop. End it: kill -KILL ${pid}`);
}

async function goneWithin(pid: number, path: string, limitMs: number): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  while (await processIsAlive(pid, path)) {
    if (Date.now() > deadline) return false;
    await pause(READY_POLL_MS);
  }
  return true;
}

interface Launch {
  readonly binaries: PostgresBinaries;
  readonly user: OsUser | undefined;
  readonly path: string;
  readonly port: number;
  readonly logFile: string;
  readonly flags: Readonly<Record<string, string>>;
}

async function launch({ binaries, user, path, port, logFile, flags }: Launch): Promise<ChildProcess> {
  const size = await stat(logFile).then(
    (file) => file.size,
    () => 0,
  );
  const log = await open(logFile, size > LOG_LIMIT_BYTES ? 'w' : 'a');
  try {
    const settings = Object.entries({ ...SETTINGS, ...flags, port: String(port) });
    const args = ['-D', path, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
    // A session of its own: Ctrl-C in the terminal must reach the launcher only, which stops the parts in their order.
    const child = spawn(binaries.postgres, args, {
      ...user,
      cwd: '/',
      env: serverEnv(),
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    await once(child, 'spawn');
    return child;
  } finally {
    await log.close();
  }
}

/** False when the server ends before it is ready. Stops it and throws when time is up or `signal` says so. */
async function becomesReady(child: ChildProcess, path: string, signal?: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (child.exitCode === null && child.signalCode === null) {
    const state = await readPostmasterPid(path);
    if (state?.pid === child.pid && state?.ready === true) return true;
    if (Date.now() > deadline || signal?.aborted === true) {
      await handle(child).stop();
      signal?.throwIfAborted();
      return false;
    }
    await pause(READY_POLL_MS);
  }
  return false;
}

function handle(child: ChildProcess): Pick<RunningPostgres, 'pid' | 'exited' | 'stop'> {
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const exited = new Promise<void>((settle) => {
    if (ended()) settle();
    else child.once('exit', () => settle());
  });
  const endsWithin = async (limitMs: number): Promise<boolean> => {
    const timer = new AbortController();
    await Promise.race([exited, pause(limitMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
    return ended();
  };
  return {
    pid: child.pid ?? 0,
    exited,
    async stop() {
      if (ended()) return;
      child.kill('SIGINT');
      if (await endsWithin(FAST_SHUTDOWN_MS)) return;
      child.kill('SIGQUIT');
      if (await endsWithin(IMMEDIATE_SHUTDOWN_MS)) return;
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function startError(path: string, logFile: string): Promise<Error> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  return new Error(
    `PostgreSQL did not start on ${path} after ${START_ATTEMPTS} tries. The end of its log (${logFile}):\n` +
      log.slice(-LOG_TAIL_CHARS).trim(),
  );
}
