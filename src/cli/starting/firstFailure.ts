import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import { EXIT, type ExitCode } from '../exit.ts';
import { exitCodeOfFailing, lastFailureOf } from '../inspect/failing.ts';
import { withDeadline, type Session } from '../run.ts';

/** The first failure of a workflow that was just started. Temporal retries the activity. */
export interface FirstFailure {
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

/**
 * How long a start watches for a first failure. A worker takes milliseconds to notice a missing
 * collection and about a second to be refused by a service. Longer delays each start.
 */
const WATCH_MS = 5_000;
const POLL_MS = 250;

/** An activity that has run this long has passed its first checks. */
const RUNS_MS = 1_500;

/** Events until the first workflow task is completed: only then are there activities. */
const FIRST_TASK_EVENTS = 4;

/**
 * Watches a workflow for a few seconds, or until `over` is aborted.
 *
 * @returns the failure of an activity that is retried; null if there is none so far
 */
export async function firstFailure(
  session: Session,
  handle: WorkflowHandle,
  over?: AbortSignal,
): Promise<FirstFailure | null> {
  const since = Date.now();
  for (;;) {
    const description = await withDeadline(session, () => handle.describe());
    const failure = failureOf(session.io, description);
    if (failure !== null || isBeyondFirstChecks(description, since)) return failure;
    if (over?.aborted === true || Date.now() - since > WATCH_MS) return null;
    await pause(POLL_MS, undefined, { signal: over }).catch(() => undefined);
  }
}

/** Warns of the first failure of a workflow whose result is awaited, or is not. */
export async function warnOfFirstFailure(
  session: Session,
  handle: WorkflowHandle,
  over?: AbortSignal,
): Promise<void> {
  const failure = await firstFailure(session, handle, over);
  if (failure === null) return;
  const { code, message, next } = failure;
  session.io.err(`Warning: ${handle.workflowId} makes no progress: ${code}: ${message}\nNext: ${next}`);
}

/** The last failure of the activities that are pending. */
function failureOf(io: Session['io'], { raw }: WorkflowExecutionDescription): FirstFailure | null {
  const failing = raw.pendingActivities?.find(({ lastFailure }) => lastFailure?.message);
  return failing === undefined ? null : lastFailureOf(io, failing);
}

/** Whether a failure at the start would have been seen by now. */
function isBeyondFirstChecks(
  { status, historyLength, raw }: WorkflowExecutionDescription,
  since: number,
): boolean {
  if (status.name !== 'RUNNING') return true;
  if (historyLength < FIRST_TASK_EVENTS) return false;
  const activities = raw.pendingActivities ?? [];
  return activities.length === 0 || Date.now() - since > RUNS_MS;
}

/** A failure that waits for a person decides the exit code. Others pass by themselves. */
export function exitCodeOf(failures: readonly (FirstFailure | null)[]): ExitCode {
  const codes = failures.map((failure) => (failure === null ? EXIT.ok : exitCodeOfFailing(failure)));
  return codes.find((code) => code !== EXIT.ok) ?? EXIT.ok;
}
