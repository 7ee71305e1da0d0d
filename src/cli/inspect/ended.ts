import { WorkflowNotFoundError, type WorkflowExecutionDescription } from '@temporalio/client';
import { createScrub } from '../../observability/scrub.ts';
import { withDeadline, type Session } from '../run.ts';
import { dateOf, recentEvents, type RecentEvent } from './recentEvents.ts';

type Failure = NonNullable<NonNullable<RecentEvent['workflowExecutionFailedEventAttributes']>['failure']>;

type Status = WorkflowExecutionDescription['status']['name'];

const VERBS: Partial<Record<Status, string>> = {
  FAILED: 'failed',
  TERMINATED: 'was terminated',
  CANCELLED: 'was cancelled',
  TIMED_OUT: 'timed out',
};

/**
 * How the last run of a workflow ended, and why, as a sentence without the secrets of this command.
 * '' if it runs, or if the server does not say: the message that it belongs to is useful without it.
 *
 * @param subject of the sentence
 */
export async function describeEnd(session: Session, workflowId: string, subject: string): Promise<string> {
  const handle = session.temporal.client.workflow.getHandle(workflowId);
  try {
    const description = await withDeadline(session, () => handle.describe());
    if (description.status.name === 'RUNNING') return '';
    const [last] = await recentEvents(session, description, 1);
    return createScrub(session.io.secrets)(`${subject} ${predicate(description, last)}`);
  } catch (error) {
    return error instanceof WorkflowNotFoundError ? 'Temporal has no run of it.' : '';
  }
}

function predicate({ status }: WorkflowExecutionDescription, last: RecentEvent | undefined): string {
  const at = dateOf(last?.eventTime)?.toISOString();
  const failed = last?.workflowExecutionFailedEventAttributes;
  const terminated = last?.workflowExecutionTerminatedEventAttributes;
  const what = `${VERBS[status.name] ?? 'ended'}${at === undefined ? '' : ` at ${at}`}`;
  if (failed != null) return `${what}: ${failureText(failed.failure)}`;
  if (terminated == null) return `${what}.`;
  const { reason, identity } = terminated;
  return `${what} by ${identity ?? 'somebody'}: ${reason == null || reason === '' ? 'no reason given' : reason}.`;
}

/** The innermost failure of an activity or workflow says the most. */
function failureText(failure: Failure | null | undefined): string {
  let text = 'without a message.';
  for (let one = failure; one != null; one = one.cause) {
    const type = one.applicationFailureInfo?.type ?? '';
    const message = one.message ?? '';
    if (message !== '') text = `${type === '' ? '' : `${type}: `}${message}`;
  }
  return text;
}
