import { setTimeout as pause } from 'node:timers/promises';
import { untilInterrupted } from '../../cli/interrupt.ts';
import { localTime } from '../../cli/text/time.ts';
import { failureOf, type Outcome, type Session } from '../../cli/run.ts';

/** A reading takes about a tenth of a second, so this costs the servers little. */
const EVERY_MS = 2_000;

/**
 * Repeats a reading until Ctrl-C, and prints each. On a terminal, a reading replaces the one before
 * it. A reading that fails is printed as its failure, and the next one is tried: what is watched
 * may be what fails.
 *
 * @param json one object a line
 */
export async function watch(
  session: Session,
  { json, read }: { readonly json: boolean; readonly read: () => Promise<Outcome> },
): Promise<Outcome> {
  const { io, temporal } = session;
  await untilInterrupted(async (interrupted) => {
    for (;;) {
      const { data, lines } = await temporal.connection
        .withAbortSignal(interrupted, read)
        .catch((error: unknown) => failed(session, error));
      if (interrupted.aborted) return;
      if (json) io.out(JSON.stringify(data));
      else if (io.redraw === undefined) io.out([...lines, ''].join('\n'));
      else io.redraw([...lines, '', `${localTime(new Date().toISOString())}; Ctrl-C ends`]);
      await pause(EVERY_MS, undefined, { signal: interrupted }).catch(() => undefined);
    }
  });
  return { data: {}, lines: [], printed: true };
}

function failed({ io }: Session, error: unknown): Outcome {
  const { code, message, next } = failureOf(io, error);
  return {
    data: { error: { code, message, next } },
    lines: [`Error ${code}: ${message}`, `Next: ${next}`],
  };
}
