import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { CommandError, EXIT } from '../exit.ts';
import { withDeadline, type Session } from '../run.ts';
import { shellWord } from '../text/shell.ts';
import { dateOf, recentEvents, type RecentEvent } from './recentEvents.ts';

/** The address and namespace that the Temporal CLI uses by itself. */
const CLI_DEFAULTS = { addresses: ['localhost:7233', '127.0.0.1:7233'], namespace: 'default' };

/**
 * Causes of failed workflow tasks that are no fault of the workflow's code (temporal.api.enums.v1,
 * WorkflowTaskFailedCause): UNHANDLED_COMMAND, RESET_STICKY_TASK_QUEUE, FORCE_CLOSE_COMMAND and
 * RESET_WORKFLOW. The next attempt passes.
 */
const PASSING_CAUSES: readonly number[] = [1, 13, 17, 20];

/**
 * Explains why a workflow that runs cannot continue: its workflow tasks fail, because the code of
 * the workflow has changed, or has a bug. Temporal retries them without an end.
 *
 * @returns an error `WORKFLOW_STUCK`; null if the workflow has ended, or its tasks do not fail
 */
export async function explainStuck(session: Session, workflowId: string): Promise<CommandError | null> {
  const handle = session.temporal.client.workflow.getHandle(workflowId);
  const description = await withDeadline(session, () => handle.describe());
  const attempt = description.raw.pendingWorkflowTask?.attempt ?? 0;
  if (description.status.name !== 'RUNNING' || attempt < 2) return null;
  const failed = failedTask(await recentEvents(session, description));
  if (failed === undefined) return null;
  return stuckError(session, description, attempt, failed);
}

/** @throws CommandError `WORKFLOW_STUCK` if the workflow runs and its workflow tasks fail */
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
  const message =
    `${workflowId} cannot continue: its workflow tasks fail since ${since}, attempt ${attempt}: ${reason}`.trimEnd();
  return new CommandError(
    EXIT.refused,
    'WORKFLOW_STUCK',
    message,
    `run the version of legisync that began it, or, with workers of the new version: ${resetCommand(temporal, workflowId)}`,
  );
}

/** The command that repeats the last workflow task, to paste into a shell. */
function resetCommand({ address, namespace }: Session['temporal'], workflowId: string): string {
  return [
    `temporal workflow reset --workflow-id ${shellWord(workflowId)} --type LastWorkflowTask --reason stuck`,
    ...(CLI_DEFAULTS.addresses.includes(address) ? [] : [`--address ${shellWord(address)}`]),
    ...(namespace === CLI_DEFAULTS.namespace ? [] : [`--namespace ${shellWord(namespace)}`]),
  ].join(' ');
}
