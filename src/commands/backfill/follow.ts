import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { CancelledFailure, TerminatedFailure } from '@temporalio/common';
import type { BackfillProgress, BackfillResult } from '../../contract/backfill.ts';
import { QUERIES } from '../../contract/names.ts';
import { isWithoutAnswer } from '../../cli/askWorkflow.ts';
import { CommandError, EXIT } from '../../cli/exit.ts';
import { untilInterrupted } from '../../cli/interrupt.ts';
import { withDeadline, type Outcome, type Session } from '../../cli/run.ts';

/** A chunk takes a second or two: often enough to see each. */
const LOOK_MS = 2_000;

/**
 * Waits for the result, as long as it takes, and says on standard error how far it is. Ctrl-C ends the waiting, not the
 * run.
 */
export function followBackfill(session: Session, handle: WorkflowHandle): Promise<BackfillResult> {
  const { temporal, io } = session;
  return untilInterrupted(async (interrupted) => {
    const over = new AbortController();
    const watching = watch(session, handle, AbortSignal.any([interrupted, over.signal]));
    try {
      return await temporal.connection.withAbortSignal(
        interrupted,
        () => handle.result() as Promise<BackfillResult>,
      );
    } catch (error) {
      if (wasEnded(error)) throw endedBefore(handle.workflowId);
      if (!interrupted.aborted) throw error;
      throw new CommandError(
        EXIT.interrupted,
        'INTERRUPTED',
        `Stopped waiting. Workflow ${handle.workflowId} goes on.`,
        'legisync backfill status --wait follows it again; legisync backfill stop ends it',
      );
    } finally {
      over.abort();
      await watching.catch((error: unknown) => io.err(`Warning: ${String(error)}`));
    }
  });
}

/** By `legisync backfill stop`, or by cancel or terminate in the Web UI. */
function wasEnded(error: unknown): boolean {
  if (!(error instanceof WorkflowFailedError)) return false;
  return error.cause instanceof CancelledFailure || error.cause instanceof TerminatedFailure;
}

function endedBefore(workflowId: string): CommandError {
  return new CommandError(
    EXIT.failed,
    'STOPPED',
    `Workflow ${workflowId} was stopped before its end. What it committed stays.`,
    'legisync backfill --resume',
  );
}

/** Prints a line when something has moved, until `signal` says that it is over. */
async function watch(session: Session, handle: WorkflowHandle, signal: AbortSignal): Promise<void> {
  let shown = '';
  let trouble = '';
  for (;;) {
    const line = await session.temporal.connection.withAbortSignal(signal, () => look(session, handle));
    const stands = line === shown;
    const found = stands
      ? await session.temporal.connection.withAbortSignal(signal, () => whatHoldsUp(session, handle))
      : '';
    // An answer that was no longer waited for says nothing.
    if (signal.aborted) return;
    if (!stands) session.io.err(line);
    if (found !== '' && found !== trouble) session.io.err(found);
    shown = line;
    trouble = found;
    await pause(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function look(session: Session, handle: WorkflowHandle): Promise<string> {
  try {
    const ask = (): Promise<BackfillProgress> => handle.query<BackfillProgress>(QUERIES.progress);
    return describeBackfill(await withDeadline(session, ask));
  } catch (error) {
    // The result is still waited for: what keeps the question from being answered may pass.
    if (isWithoutAnswer(error)) return `no worker of task queue ${session.config.taskQueue} answers; waiting`;
    return 'the server does not say how far it is; waiting';
  }
}

/** Why the chunk in work is being tried again; '' where it is not. */
async function whatHoldsUp(session: Session, handle: WorkflowHandle): Promise<string> {
  try {
    const { raw } = await withDeadline(session, () => handle.describe());
    const message = raw.pendingActivities?.[0]?.lastFailure?.message ?? '';
    return message === '' ? '' : `it is tried again: ${message}`;
  } catch {
    // As above: this is news, not the result.
    return '';
  }
}

/** One line for people. */
export function describeBackfill(progress: BackfillProgress): string {
  const { phase, paused, run, objects, done, rate, secondsLeft, timeouts } = progress;
  if (phase === 'opening') return 'opening the run';
  const of = objects === null ? '' : ` of ${objects}`;
  const speed = rate === null ? '' : `, ${Math.round(rate)} objects/s`;
  const left = secondsLeft === null ? '' : `, ${Math.ceil(secondsLeft)} s left in this phase`;
  const cancelled = timeouts === 0 ? '' : `; ${timeouts} chunks were cancelled by the database and halved`;
  const changed = run?.kind === 'sizes' ? `${run.sized} sizes filled` : `${run?.queued ?? 0} queued`;
  return `${paused ? 'paused in ' : ''}${phase}: ${done}${of} objects, ${changed}${speed}${left}${cancelled}`;
}

/** The end of a run. Missing files make the exit code 1. */
export function reportOf({ run, timeouts }: BackfillResult): Outcome {
  const seconds = run.seconds.toFixed(1);
  const data = { run, timeouts };
  if (run.phase === 'end' && run.kind === 'sizes') {
    return {
      data,
      lines: [`Run ${run.id}: ${run.sized} rows got their size in ${seconds} s.`, 'Next: legisync coherence'],
    };
  }
  return {
    data,
    lines: [
      `Run ${run.id}: ${run.queued} rows queued in ${seconds} s, of ${run.scanned} objects; ${run.caughtUp} of them arrived meanwhile.`,
      `Verified: missing ${run.missing}, in flight ${run.inFlight}, held by another bucket ${run.heldByOtherBucket}, folders and placeholders ${run.skipped}.`,
      run.missing === 0
        ? 'Next: legisync coherence'
        : 'Next: legisync backfill (files went missing while it ran)',
    ],
    ...(run.missing === 0 ? {} : { exitCode: EXIT.failed }),
  };
}
