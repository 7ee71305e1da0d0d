import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { CollectionState } from '../../contract/names.ts';
import { stateKey } from '../../temporal/searchAttributes.ts';
import { CommandError, EXIT } from '../exit.ts';
import { interruptedError, untilInterrupted } from '../interrupt.ts';
import { withDeadline, type Session } from '../run.ts';

/**
 * How long a start waits for the end of a workflow that is stopping. The end usually takes seconds.
 * Longer keeps a person waiting if an outage or a missing worker delays it; shorter makes them
 * repeat the command.
 */
const STOPPING_WAIT_MS = 60_000;

const STOPPING: CollectionState = 'stopping';

/** Whether a workflow ends soon without another command: it was stopped or cancelled, or has ended. */
export async function isEnding(session: Session, handle: WorkflowHandle): Promise<boolean> {
  const { status, raw, typedSearchAttributes } = await withDeadline(session, () => handle.describe());
  // It cannot end before somebody unpauses it.
  if (status.name === 'PAUSED') return false;
  return (
    status.name !== 'RUNNING' ||
    raw.workflowExtendedInfo?.cancelRequested === true ||
    typedSearchAttributes.get(stateKey) === STOPPING
  );
}

/**
 * Waits until a workflow that is stopping has ended, in whatever way. Ctrl-C ends the waiting only.
 *
 * @throws CommandError `STOPPING` if it has not ended after `withinMs`, or `INTERRUPTED`
 */
export function waitUntilStopped(
  { temporal, io }: Pick<Session, 'temporal' | 'io'>,
  handle: WorkflowHandle,
  withinMs = STOPPING_WAIT_MS,
): Promise<void> {
  const { workflowId } = handle;
  const next = 'the same command again; without a worker it cannot end: legisync status';
  const seconds = Math.ceil(withinMs / 1_000);
  return untilInterrupted(async (interrupted) => {
    io.err(
      `${workflowId} is stopping; waiting for its end, at most ${seconds} s (Ctrl-C ends the waiting only) …`,
    );
    const late = AbortSignal.timeout(withinMs);
    try {
      const either = AbortSignal.any([interrupted, late]);
      await temporal.connection.withAbortSignal(either, () => handle.result());
    } catch (error) {
      if (error instanceof WorkflowFailedError) return;
      if (interrupted.aborted)
        throw interruptedError(`Stopped waiting. ${workflowId} is still stopping.`, next);
      if (!late.aborted) throw error;
      const message = `${workflowId} is still stopping after ${seconds} s. Nothing was started.`;
      throw new CommandError(EXIT.noWorker, 'STOPPING', message, next);
    }
  });
}
