import type { WorkflowExecutionDescription } from '@temporalio/client';
import { withDeadline, type Session } from '../run.ts';

type Connection = Session['temporal']['connection'];
type Answer = Awaited<ReturnType<Connection['workflowService']['getWorkflowExecutionHistoryReverse']>>;
export type RecentEvent = NonNullable<NonNullable<Answer['history']>['events']>[number];

/**
 * How many events are read, from the end of the history. A workflow that makes no progress adds
 * few events, so what it waits for is near the end. More only costs time.
 */
const RECENT_EVENTS = 250;

/** The last events of a workflow's run, the newest first: at most `count`. */
export async function recentEvents(
  session: Pick<Session, 'temporal'>,
  { workflowId, runId }: Pick<WorkflowExecutionDescription, 'workflowId' | 'runId'>,
  count = RECENT_EVENTS,
): Promise<readonly RecentEvent[]> {
  const { connection, namespace } = session.temporal;
  const { history } = await withDeadline(session, () =>
    connection.workflowService.getWorkflowExecutionHistoryReverse({
      namespace,
      execution: { workflowId, runId },
      maximumPageSize: count,
    }),
  );
  return history?.events ?? [];
}

/** A time of Temporal's protocol. Its seconds are a number or a `Long`. */
export type ProtoTime = { readonly seconds?: unknown; readonly nanos?: number | null } | null | undefined;

/** The same as a date; null if it is missing. */
export function dateOf(time: ProtoTime): Date | null {
  if (time?.seconds === undefined || time.seconds === null) return null;
  return new Date(Number(time.seconds) * 1_000 + Math.floor((time.nanos ?? 0) / 1_000_000));
}
