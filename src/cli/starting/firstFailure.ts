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

/** How long it watches if there are activities, but a busy worker has not begun them. */
const BUSY_WATCH_MS = 20_000;

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
  let begunAt: number | null = null;
  for (;;) {
    const description = await withDeadline(session, () => handle.describe());
    const failure = failureOf(session.io, description);
    const stage = stageOf(description);
    if (stage === 'begun') begunAt ??= Date.now();
    const passed = stage === 'over' || (begunAt !== null && Date.now() - begunAt > RUNS_MS);
    if (failure !== null || passed || over?.aborted === true) return failure;
    if (Date.now() - since > (stage === 'waiting' ? BUSY_WATCH_MS : WATCH_MS)) return null;
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

/** How far a workflow has come. */
type Stage =
  /** No worker has completed its first workflow task. */
  | 'new'
  /** No worker has begun one of its activities. */
  | 'waiting'
  | 'begun'
  /** It has ended, or has nothing to do: no failure will come. */
  | 'over';

/** PENDING_ACTIVITY_STATE_SCHEDULED of `temporal.api.enums.v1.PendingActivityState`. */
const SCHEDULED = 1;

function stageOf({ status, historyLength, raw }: WorkflowExecutionDescription): Stage {
  if (status.name !== 'RUNNING') return 'over';
  if (historyLength < FIRST_TASK_EVENTS) return 'new';
  const activities = raw.pendingActivities ?? [];
  if (activities.length === 0) return 'over';
  return activities.every(({ state }) => Number(state) === SCHEDULED) ? 'waiting' : 'begun';
}

/** A failure that waits for a person decides the exit code. Others pass by themselves. */
export function exitCodeOf(failures: readonly (FirstFailure | null)[]): ExitCode {
  const codes = failures.map((failure) => (failure === null ? EXIT.ok : exitCodeOfFailing(failure)));
  return codes.find((code) => code !== EXIT.ok) ?? EXIT.ok;
}
