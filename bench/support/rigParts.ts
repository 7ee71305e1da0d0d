import { startTimeOf } from '../../local/launcher/processes.ts';
import type { Shutdown } from '../../local/launcher/shutdown.ts';
import type { PartRecord } from '../../local/launcher/state.ts';
import type { RunningPostgres } from '../../local/postgres/server.ts';
import { killServer } from './killServer.ts';

/** A server or a worker that can be killed and restarted. */
export interface RigPart {
  readonly pid: () => number;
  /** Sends SIGKILL to all its processes. Resolves when they have ended. */
  readonly kill: () => Promise<void>;
  /** Restarts it with the same port and data. */
  readonly start: () => Promise<void>;
}

/** A part that can be killed and restarted. */
export interface Killable {
  readonly pid: number;
  readonly exited: Promise<unknown>;
  readonly stop: (deadlineMs: number) => Promise<unknown>;
  /** Sends SIGKILL. */
  readonly kill: () => void | Promise<void>;
}

/** Starts a part, and registers it for the shutdown, including its restarts. */
export async function startRigPart(
  name: string,
  start: () => Promise<Killable>,
  shutdown: Shutdown,
): Promise<RigPart> {
  let current = await start();
  shutdown.add({
    name,
    stop: (deadlineMs) => current.stop(deadlineMs),
    kill: () => void current.kill(),
  });
  return {
    pid: () => current.pid,
    async kill() {
      await current.kill();
      await current.exited;
    },
    async start() {
      current = await start();
      // The shutdown may have begun during the start.
      if (shutdown.signal.aborted) await current.kill();
      shutdown.signal.throwIfAborted();
    },
  };
}

/** Wraps a server of `startPostgres` as a part. */
export async function postgresAsPart(
  server: RunningPostgres,
  onSpawned: (part: PartRecord) => void | Promise<void>,
): Promise<Killable> {
  await onSpawned({
    name: 'postgres',
    pid: server.pid,
    startTime: (await startTimeOf(server.pid)) ?? 'ended',
    stopSignal: 'SIGINT',
  });
  let running = true;
  void server.exited.then(() => (running = false));
  return {
    pid: server.pid,
    exited: server.exited,
    stop: () => server.stop(),
    kill: () => (running ? killServer(server.pid) : undefined),
  };
}
