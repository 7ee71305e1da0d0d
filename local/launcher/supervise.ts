import { describeExit, type PartExit } from './child.ts';
import { asError } from './errors.ts';
import type { PartRecord } from './state.ts';
import type { Shutdown, Stoppable } from './shutdown.ts';

/** A part that can be supervised, such as a `Part`. */
export interface SupervisedPart extends PartRecord, Stoppable {
  readonly exited: Promise<PartExit>;
}

export interface SuperviseOptions<P extends SupervisedPart> {
  /** Called when the part cannot be kept running: the whole stack must stop, with a failure. */
  readonly onLost: (error: Error) => void;
  /** Starts the part, on the same ports and data each time. */
  readonly start: () => Promise<P>;
  readonly shutdown: Shutdown;
  readonly log: (line: string) => void;
}

/** For a part that became ready after the shutdown had begun. */
const LATE_STOP_MS = 2_000;

/** If a part ends more often than this in a minute, restarting it does not help. */
const MAX_RESTARTS_PER_MINUTE = 5;

/**
 * Starts a part, and restarts it whenever it ends unexpectedly: any part can be killed, and the
 * stack keeps running. If it cannot be kept running, `onLost` is called with the reason.
 */
export async function supervise<P extends SupervisedPart>({
  start,
  onLost,
  shutdown,
  log,
}: SuperviseOptions<P>): Promise<P> {
  const first = await start();
  let current: SupervisedPart = first;
  let restarts: number[] = [];
  shutdown.add({
    name: first.name,
    stop: (deadlineMs) => current.stop(deadlineMs),
    kill: () => current.kill(),
  });

  const shuttingDown = (): boolean => shutdown.signal.aborted;

  const watch = async (): Promise<void> => {
    for (;;) {
      const exit = await current.exited;
      if (shuttingDown()) return;
      log(`${first.name} ended (${describeExit(exit)}): restarting it`);
      for (let running = false; !running;) {
        const now = performance.now();
        restarts = [...restarts.filter((at) => now - at < 60_000), now];
        if (restarts.length > MAX_RESTARTS_PER_MINUTE) {
          throw new Error(`${first.name} ended, or did not start, ${restarts.length} times within a minute`);
        }
        try {
          current = await start();
          running = true;
        } catch (error) {
          // A part that it needs may be restarting as well: try again.
          shutdown.signal.throwIfAborted();
          log(`${first.name} did not start: ${asError(error).message}`);
        }
      }
      // The shutdown began while it was starting, so only this function knows of the process.
      if (shuttingDown()) {
        await current.stop(LATE_STOP_MS);
        return;
      }
    }
  };
  watch().catch((error: unknown) => {
    if (shuttingDown()) return;
    log(`${first.name} cannot be kept running: ${asError(error).message}`);
    onLost(asError(error));
  });
  return first;
}
