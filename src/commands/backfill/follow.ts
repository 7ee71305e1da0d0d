import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { CancelledFailure, TerminatedFailure } from '@temporalio/common';
import type { BackfillProgress, BackfillResult } from '../../contract/backfill.ts';
import { FAILURES } from '../../contract/failures.ts';
import { QUERIES } from '../../contract/names.ts';
import { CommandError, EXIT } from '../../cli/exit.ts';
import { waitForResult } from '../../cli/interrupt.ts';
import { withDeadline, type Outcome, type Session } from '../../cli/run.ts';
import { lastFailureOf } from '../../cli/inspect/failing.ts';
import { explainStuck } from '../../cli/inspect/stuck.ts';
import { isWithoutAnswer } from '../../cli/workflow.ts';

/** Often enough to see each chunk: a chunk takes a second or two. */
const POLL_MS = 2_000;

/**
 * Waits for the result and prints the progress on standard error. Ctrl-C ends the waiting, not the
 * run.
 *
 * @throws CommandError `STOPPED` if the run is stopped, `INTERRUPTED`
 */
export async function followBackfill(session: Session, handle: WorkflowHandle): Promise<BackfillResult> {
  try {
    return await waitForResult<BackfillResult>(session, handle, {
      afterwards: `Workflow ${handle.workflowId} continues.`,
      next: '`legisync backfill status --wait` follows it again; `legisync backfill stop` ends it',
      meanwhile: (over) => showProgress(session, handle, over),
    });
  } catch (error) {
    throw wasEnded(error) ? stopped(handle.workflowId) : error;
  }
}

/** By `legisync backfill stop`, or by Cancel or Terminate in the Web UI. */
function wasEnded(error: unknown): boolean {
  if (!(error instanceof WorkflowFailedError)) return false;
  return error.cause instanceof CancelledFailure || error.cause instanceof TerminatedFailure;
}

function stopped(workflowId: string): CommandError {
  return new CommandError(
    EXIT.failed,
    'STOPPED',
    `Workflow ${workflowId} was stopped before its end. Committed chunks stay.`,
    'legisync backfill --resume',
  );
}

/** Prints a line when the progress has changed, until `over` is aborted. */
async function showProgress(session: Session, handle: WorkflowHandle, over: AbortSignal): Promise<void> {
  const { connection } = session.temporal;
  let shown = '';
  let shownRetry = '';
  for (;;) {
    const line = await connection.withAbortSignal(over, () => progressLine(session, handle));
    const changed = line !== shown;
    const retry = changed ? '' : await connection.withAbortSignal(over, () => retryLine(session, handle));
    // An aborted request has no answer to print.
    if (over.aborted) return;
    if (changed) session.io.err(line);
    if (retry !== '' && retry !== shownRetry) session.io.err(retry);
    shown = line;
    shownRetry = retry;
    await pause(POLL_MS, undefined, { signal: over }).catch(() => undefined);
  }
}

async function progressLine(session: Session, handle: WorkflowHandle): Promise<string> {
  try {
    const query = (): Promise<BackfillProgress> => handle.query<BackfillProgress>(QUERIES.progress);
    return describeBackfill(await withDeadline(session, query));
  } catch (error) {
    // Only the progress is missing: the result may still come.
    if (isWithoutAnswer(error)) return waitingLine(session, handle);
    return 'the server does not report the progress; waiting';
  }
}

/** Why the workflow does not answer. Only the reason is missing if the server does not know it. */
async function waitingLine(session: Session, { workflowId }: WorkflowHandle): Promise<string> {
  const stuck = await explainStuck(session, workflowId).catch(() => null);
  if (stuck !== null) return `${stuck.code}: ${stuck.message}\nNext: ${stuck.next}`;
  return `no worker of task queue ${session.config.taskQueue} answers; waiting`;
}

/** Why the chunk in progress is being retried; '' if it is not. */
async function retryLine(session: Session, handle: WorkflowHandle): Promise<string> {
  try {
    const { raw } = await withDeadline(session, () => handle.describe());
    const [activity] = raw.pendingActivities ?? [];
    const message = activity === undefined ? '' : lastFailureOf(session.io, activity).message;
    return message === '' ? '' : `retrying: ${message}`;
  } catch {
    // As above: only the reason is missing.
    return '';
  }
}

/** One line for people. */
export function describeBackfill(progress: BackfillProgress): string {
  const { state, phase, pauseReason, run, objects, done, rate, secondsLeft, timeouts } = progress;
  const pause = state === 'pausing' || state === 'paused' ? `${state} in ` : '';
  const reason = pauseReason === '' ? '' : `; reason of the pause: ${pauseReason}`;
  if (phase === 'opening') return `${pause === '' ? '' : 'pausing after '}opening the run${reason}`;
  const of = objects === null ? '' : ` of ${objects}`;
  const speed = rate === null ? '' : `, ${Math.round(rate)} objects/s`;
  const left = secondsLeft === null ? '' : `, ${Math.ceil(secondsLeft)} s left in this phase`;
  const cancelled = timeouts === 0 ? '' : `; ${timeouts} chunks timed out in the database and were halved`;
  const changed = run?.kind === 'sizes' ? `${run.sized} sizes filled in` : `${run?.queued ?? 0} queued`;
  const failing =
    state === 'failing'
      ? `; the database cancels even the smallest chunk. Next: ${FAILURES.DATABASE_TIMEOUT.remedy}`
      : '';
  return `${pause}${phase}: ${done}${of} objects, ${changed}${speed}${left}${cancelled}${failing}${reason}`;
}

/** The report of a finished run. Missing files make the exit code 1. */
export function reportOf({ run, timeouts }: BackfillResult): Outcome {
  const seconds = run.seconds.toFixed(1);
  const data = { run, timeouts };
  if (run.phase === 'end' && run.kind === 'sizes') {
    return {
      data,
      lines: [
        `Run ${run.id}: filled in the size of ${run.sized} rows in ${seconds} s.`,
        'Next: legisync coherence',
      ],
    };
  }
  return {
    data,
    lines: [
      `Run ${run.id}: ${run.queued} rows queued from ${run.scanned} objects in ${seconds} s; ${run.caughtUp} of the files arrived during the run.`,
      `Verified: missing ${run.missing}, in flight ${run.inFlight}, held by another bucket ${run.heldByOtherBucket}, folders and placeholders ${run.skipped}.`,
      run.missing === 0 ? 'Next: legisync coherence' : 'Next: legisync backfill (some files have no row)',
    ],
    ...(run.missing === 0 ? {} : { exitCode: EXIT.failed }),
  };
}
