import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { HistoryEvent } from './massive.ts';

/** The events of a history that scheduled an activity. */
export function scheduled(events: readonly HistoryEvent[], activity: string): HistoryEvent[] {
  return events.filter(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === activity,
  );
}

interface AcceptedUpdate {
  readonly name: string;
  readonly eventId: number;
}

/** The Updates that entered a history, in order. */
export function acceptedUpdates(events: readonly HistoryEvent[]): AcceptedUpdate[] {
  return events.flatMap(({ eventId, workflowExecutionUpdateAcceptedEventAttributes: accepted }) => {
    const name = accepted?.acceptedRequest?.input?.name;
    return name == null ? [] : [{ name, eventId: Number(eventId) }];
  });
}

/** The failure of an Update that a validator refused. @throws Error if it was not refused */
export async function refusalOf(update: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await update.then(
    () => 'The Update was accepted.',
    (thrown: unknown) => thrown,
  );
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure)
    return error.cause;
  throw new Error('Expected an Update that a validator refuses.', { cause: error });
}
