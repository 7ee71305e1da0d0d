import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { CommandError, EXIT } from '../exit.ts';
import { withDeadline, type Session } from '../run.ts';
import { dateOf, recentEvents, type RecentEvent } from './recentEvents.ts';
import { temporalCommand } from './temporalCommand.ts';

/**
 * Causes of failed workflow tasks that are no fault of the workflow's code (temporal.api.enums.v1,
 * WorkflowTaskFailedCause): UNHANDLED_COMMAND, RESET_STICKY_TASK_QUEUE, FORCE_CLOSE_COMMAND and
 * RESET_WORKFLOW. The next attempt passes.
 */
const PASSING_CAUSES: readonly number[] = [1, 13, 17, 20];

/**
 * Explains why a workflow that has not ended cannot continue. Its workflow tasks fail, because the
 * code of the workflow has changed, or has a bug: Temporal retries them without an end. Or somebody
 * has paused it with Temporal's own button.
 *
 * @returns an error `WORKFLOW_STUCK` or `WORKFLOW_PAUSED`; null if the workflow has ended, or can
 * continue
 */
export async function explainStuck(session: Session, workflowId: string): Promise<CommandError | null> {
  const handle = session.temporal.client.workflow.getHandle(workflowId);
  const description = await withDeadline(session, () => handle.describe());
  if (description.status.name === 'PAUSED') return pausedError(session, workflowId);
  const attempt = description.raw.pendingWorkflowTask?.attempt ?? 0;
  if (description.status.name !== 'RUNNING' || attempt < 2) return null;
  const failed = failedTask(await recentEvents(session, description));
  if (failed === undefined) return null;
  return stuckError(session, description, attempt, failed);
}

/** @throws CommandError `WORKFLOW_STUCK` or `WORKFLOW_PAUSED` if the workflow cannot continue */
export async function failIfStuck(session: Session, workflowId: string): Promise<void> {
  const stuck = await explainStuck(session, workflowId);
  if (stuck !== null) throw stuck;
}

/** Often enough for a person who waits. Each look is one call, or two if tasks fail. */
const LOOK_MS = 5_000;

/** Warns once that a workflow whose result is awaited is stuck. Ends when `over` is aborted. */
export async function warnIfStuck(session: Session, workflowId: string, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    // Only the warning is missing if the server does not answer: the result may still come.
    const stuck = await explainStuck(session, workflowId).catch(() => null);
    if (stuck !== null) {
      session.io.err(`Warning: ${stuck.code}: ${stuck.message}\nNext: ${stuck.next}`);
      return;
    }
    await pause(LOOK_MS, undefined, { signal: over }).catch(() => undefined);
  }
}

/**
 * The failure of the last workflow task. The server writes only the first failure of a series into
 * the history. Undefined if the last one was completed, or timed out because its worker died.
 */
function failedTask(newestFirst: readonly RecentEvent[]): RecentEvent | undefined {
  const last = newestFirst.find(
    (event) =>
      event.workflowTaskFailedEventAttributes != null ||
      event.workflowTaskTimedOutEventAttributes != null ||
      event.workflowTaskCompletedEventAttributes != null,
  );
  const failed = last?.workflowTaskFailedEventAttributes;
  return failed == null || PASSING_CAUSES.includes(failed.cause ?? 0) ? undefined : last;
}

function stuckError(
  { temporal }: Session,
  { workflowId }: WorkflowExecutionDescription,
  attempt: number,
  { eventTime, workflowTaskFailedEventAttributes: failed }: RecentEvent,
): CommandError {
  const since = dateOf(eventTime)?.toISOString() ?? 'an unknown time';
  const reason = failed?.failure?.message ?? 'without a message';
  const reset = temporalCommand(temporal, 'workflow reset', [
    ...['--workflow-id', workflowId, '--type', 'LastWorkflowTask', '--reason', 'stuck'],
  ]);
  const message =
    `${workflowId} cannot continue: its workflow tasks fail since ${since}, attempt ${attempt}: ${reason}`.trimEnd();
  return new CommandError(
    EXIT.refused,
    'WORKFLOW_STUCK',
    message,
    `run the version of legisync that began it, or, with workers of the new version: ${reset}`,
  );
}

function pausedError({ temporal }: Session, workflowId: string): CommandError {
  return new CommandError(
    EXIT.refused,
    'WORKFLOW_PAUSED',
    `${workflowId} does nothing, and answers nothing: somebody paused it with \`temporal workflow pause\`.`,
    temporalCommand(temporal, 'workflow unpause', ['--workflow-id', workflowId]),
  );
}
