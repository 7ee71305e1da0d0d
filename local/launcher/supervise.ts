import { describeExit, type PartExit } from './child.ts';
import { asError } from './errors.ts';
import type { PartRecord } from './state.ts';
import type { Shutdown, Stoppable } from './shutdown.ts';

/** What a supervised part must offer; a `Part` does. */
export interface SupervisedPart extends PartRecord, Stoppable {
  readonly exited: Promise<PartExit>;
}

export interface SuperviseOptions<P extends SupervisedPart> {
  /** Starts the part, on the same ports and data each time. */
  readonly start: () => Promise<P>;
  readonly shutdown: Shutdown;
  readonly log: (line: string) => void;
}

/** A part that ends more often than this within a minute has a reason that starting it again will not mend. */
const MAX_RESTARTS_PER_MINUTE = 5;

/**
 * Starts a part, and starts it again when it ends without having been told to: each part can be killed alone, and the
 * stack lives on. When it cannot be kept alive, the whole stack goes down, with the reason.
 */
export async function supervise<P extends SupervisedPart>({
  start,
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

  const watch = async (): Promise<void> => {
    for (;;) {
      const exit = await current.exited;
      if (shutdown.signal.aborted) return;
      const now = performance.now();
      restarts = [...restarts.filter((at) => now - at < 60_000), now];
      if (restarts.length > MAX_RESTARTS_PER_MINUTE) {
        throw new Error(`${first.name} ended ${restarts.length} times within a minute`);
      }
      log(`${first.name} ended (${describeExit(exit)}): starting it again`);
      current = await start();
    }
  };
  watch().catch((error: unknown) => {
    if (shutdown.signal.aborted) return;
    log(`${first.name} cannot be kept alive: ${asError(error).message}`);
    void shutdown.begin(`${first.name} cannot be kept alive`);
  });
  return first;
}
