import { describeExit, type PartExit } from './child.ts';
import { asError } from './errors.ts';
import type { PartRecord } from './state.ts';
import type { Shutdown, Stoppable } from './shutdown.ts';

/** What a supervised part must offer; a `Part` does. */
export interface SupervisedPart extends PartRecord, Stoppable {
  readonly exited: Promise<PartExit>;
}

export interface SuperviseOptions<P extends SupervisedPart> {
  /** Called when the part cannot be kept alive: the whole stack is to go down, and not as a success. */
  readonly onLost: (error: Error) => void;
  /** Starts the part, on the same ports and data each time. */
  readonly start: () => Promise<P>;
  readonly shutdown: Shutdown;
  readonly log: (line: string) => void;
}

/** For a part that came up after everything else was told to stop. */
const LATE_STOP_MS = 2_000;

/** A part that ends more often than this within a minute has a reason that starting it again will not mend. */
const MAX_RESTARTS_PER_MINUTE = 5;

/**
 * Starts a part, and starts it again when it ends without having been told to: each part can be killed alone, and the
 * stack lives on. When it cannot be kept alive, the whole stack goes down, with the reason.
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

  const goingDown = (): boolean => shutdown.signal.aborted;

  const watch = async (): Promise<void> => {
    for (;;) {
      const exit = await current.exited;
      if (goingDown()) return;
      log(`${first.name} ended (${describeExit(exit)}): starting it again`);
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
          // What it needs may be on its way back as well: a few more tries.
          shutdown.signal.throwIfAborted();
          log(`${first.name} did not start: ${asError(error).message}`);
        }
      }
      // The way down began while it was starting: nobody else knows of this process yet.
      if (goingDown()) {
        await current.stop(LATE_STOP_MS);
        return;
      }
    }
  };
  watch().catch((error: unknown) => {
    if (goingDown()) return;
    log(`${first.name} cannot be kept alive: ${asError(error).message}`);
    onLost(asError(error));
  });
  return first;
}
