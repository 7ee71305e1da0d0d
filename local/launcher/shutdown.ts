import { seconds } from './durations.ts';
import { asError } from './errors.ts';

/** Something that runs until it is stopped, such as a part of `startPart`. */
export interface Stoppable {
  readonly name: string;
  /** Stops it cleanly, or forcibly after `deadlineMs`. */
  readonly stop: (deadlineMs: number) => Promise<unknown>;
  /** Ends it at once. Synchronous: it is also called while this process exits. */
  readonly kill: () => void;
}

/** The part of `process` that the shutdown needs. */
export interface SignalSource {
  on(event: NodeJS.Signals | 'exit', listener: () => void): unknown;
  off(event: NodeJS.Signals | 'exit', listener: () => void): unknown;
}

export interface ShutdownOptions {
  /** Writes one line for the user. */
  readonly log: (line: string) => void;
  /** Total time for stopping everything, in milliseconds. Default 10 s. */
  readonly totalMs?: number;
  /** Default `process`. */
  readonly signals?: SignalSource;
  /** Milliseconds, any origin. Default `performance.now`. */
  readonly now?: () => number;
}

/** The shutdown of the stack, prepared before anything starts. */
export interface Shutdown {
  /** Aborted when the shutdown begins, with the reason. Pass it to everything that waits. */
  readonly signal: AbortSignal;
  /** Registers a part. The part added last is stopped first. */
  readonly add: (part: Stoppable) => void;
  /**
   * Stops all parts, once; further calls wait for the first. Resolves when all have ended; never
   * rejects.
   */
  readonly begin: (reason: string) => Promise<void>;
  /** Stops listening to signals. Call it after `begin`. */
  readonly dispose: () => void;
}

const DEFAULT_TOTAL_MS = 10_000;

/**
 * Time kept for each part that is not stopped yet, so that a slow part leaves enough for a clean
 * stop of the last ones, such as the database.
 */
const RESERVE_MS = 1_000;

/**
 * After SIGKILL a process ends at once. Only a `stop` that waits for something else takes longer.
 */
const AFTER_KILL_MS = 250;

/**
 * Under `npm start`, one Ctrl-C arrives twice: the terminal signals the whole foreground group, and
 * npm forwards its own signal. Both arrive within milliseconds; a second key press takes longer.
 */
const SAME_KEYSTROKE_MS = 400;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Listens for SIGINT, SIGTERM and SIGHUP. The first signal stops the parts one by one, in reverse
 * order of their start, all within `totalMs`. A second one kills the remaining parts. If this
 * process exits in any other way (an uncaught error), the parts are killed too.
 */
export function prepareShutdown({
  log,
  totalMs = DEFAULT_TOTAL_MS,
  signals = process,
  now = () => performance.now(),
}: ShutdownOptions): Shutdown {
  const controller = new AbortController();
  const parts: Stoppable[] = [];
  let done: Promise<void> | undefined;
  let firstSignalAt: number | undefined;
  let hurried = false;
  let nothingLeft = false;

  const killAll = (): void => {
    for (const part of parts.toReversed()) part.kill();
  };

  const stopAll = async (): Promise<void> => {
    const deadline = now() + totalMs;
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const left = deadline - now() - AFTER_KILL_MS;
      const reserve = Math.min(RESERVE_MS, left / (parts.length + 1));
      const share = hurried ? 0 : Math.max(0, left - reserve * parts.length);
      // It stays in the list until it has ended, so that a second signal kills it too.
      parts.push(part);
      await stopOne(part, share, log);
      parts.splice(parts.indexOf(part), 1);
    }
    nothingLeft = true;
  };

  const begin = async (reason: string): Promise<void> => {
    if (done === undefined) {
      controller.abort(new Error(`stopping: ${reason}`));
      done = stopAll();
    }
    await done;
  };

  const onSignal = SIGNALS.map((name) => {
    const listener = (): void => {
      const at = now();
      if (firstSignalAt === undefined) {
        firstSignalAt = at;
        if (done === undefined)
          log(`${name}: stopping, within ${seconds(totalMs)} (repeat it to kill everything at once)`);
        void begin(name);
      } else if (at - firstSignalAt >= SAME_KEYSTROKE_MS && !hurried) {
        hurried = true;
        log(`${name} again: killing everything that still runs`);
        killAll();
      }
    };
    return [name, listener] as const;
  });

  for (const [name, listener] of onSignal) signals.on(name, listener);
  signals.on('exit', killAll);

  return {
    signal: controller.signal,
    add: (part) => {
      parts.push(part);
      if (hurried || nothingLeft) part.kill();
    },
    begin,
    dispose: () => {
      for (const [name, listener] of onSignal) signals.off(name, listener);
      signals.off('exit', killAll);
    },
  };
}

/**
 * Stops one part. At the deadline it is killed; if its `stop` still does not return, it is
 * abandoned.
 */
async function stopOne(part: Stoppable, deadlineMs: number, log: (line: string) => void): Promise<void> {
  const deadline = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      deadline.abort();
      part.kill();
      timer = setTimeout(resolve, AFTER_KILL_MS);
    }, deadlineMs);
  });
  try {
    await Promise.race([part.stop(deadlineMs), overdue]);
    if (deadline.signal.aborted) log(`${part.name} did not stop within ${seconds(deadlineMs)}: killed`);
  } catch (error) {
    part.kill();
    log(`${part.name} did not stop cleanly: ${asError(error).message}`);
  } finally {
    clearTimeout(timer);
  }
}
