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
  /** Folder of the cluster; created if missing. Usually `.local/postgres` of the checkout. */
  readonly dataDir: string;
  /** The preferred port. If it is busy or undefined, any free port is used. */
  readonly port?: number;
  /**
   * Server settings (`-c name=value`) that override our defaults, e.g. `{ fsync: 'off' }` for data
   * that may be lost.
   */
  readonly flags?: Readonly<Record<string, string>>;
  /** The server's log file. Default: `<dataDir>.log`. */
  readonly logFile?: string;
  /** Aborts the start. A running server is not affected. */
  readonly signal?: AbortSignal;
}

export interface RunningPostgres {
  readonly port: number;
  /** URL of the superuser `supabase_admin` on database `postgres`, with its password. */
  readonly url: string;
  readonly pid: number;
  /** A note for the user about the location of the data. */
  readonly note?: string;
  /** Resolves when the server ends, for any reason. */
  readonly exited: Promise<void>;
  /**
   * Fast shutdown (rolls transactions back, keeps the data), then immediate shutdown after 8 s.
   * Safe to repeat.
   */
  stop(): Promise<void>;
}

/**
 * For a development machine with two cores. `synchronous_commit` stays on, because tests kill
 * processes and then count rows.
 */
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

/** After a crash, a start first replays up to `max_wal_size` of log. */
const READY_TIMEOUT_MS = 120_000;
const READY_POLL_MS = 20;
/**
 * A start can fail temporarily: another program takes its port, or children of a killed server are
 * still exiting.
 */
const START_ATTEMPTS = 4;
const START_PAUSE_MS = 500;
/** A fast shutdown writes one checkpoint. The launcher has 10 s for all parts. */
const FAST_SHUTDOWN_MS = 8_000;
const IMMEDIATE_SHUTDOWN_MS = 1_000;
/** A start truncates the log if it is larger than this. */
const LOG_LIMIT_BYTES = 10_000_000;
/** Length of the log's end in the error of a failed start: about one screen. */
const LOG_TAIL_CHARS = 2_000;

/**
 * Starts PostgreSQL 17 on `dataDir`, as root (it then runs as the system user `postgres`) or as any
 * other user. Creating a cluster takes about a second; starting an existing one takes a tenth of
 * that.
 *
 * @throws Error if the binaries are missing, another live session uses the folder, or the server
 * does not start; then with the end of its log.
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
 * Stops a server that still runs on the folder because its starter was killed with SIGKILL, so that
 * this start can use its own port and settings. If the starter is alive, the server is left alone
 * and this throws.
 */
async function takeOver(path: string, ownerFile: string): Promise<void> {
  const recorded = await readPostmasterPid(path);
  if (recorded === undefined) return;
  const { pid } = recorded;
  if (!(await processIsAlive(pid, path))) {
    // If the pid is dead, PostgreSQL itself handles the file and checks for surviving children. If
    // another program has the pid, PostgreSQL would never start, because it only checks that the
    // pid is alive.
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
    // Its own session: Ctrl-C in the terminal must reach only the launcher, which stops the parts
    // in order.
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

/**
 * Returns false if the server ends before it is ready. At the time limit, or when `signal` is
 * aborted, stops it and throws.
 */
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
