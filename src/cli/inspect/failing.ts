import { WorkflowNotFoundError, type WorkflowExecutionDescription } from '@temporalio/client';
import { FAILURES, isFailureCode, remedyOf } from '../../contract/failures.ts';
import { createScrub } from '../../observability/scrub.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { withDeadline, type Session } from '../run.ts';
import { localTime } from '../text/time.ts';
import { dateOf, recentEvents, type RecentEvent } from './recentEvents.ts';

/** An activity that Temporal's server describes as pending. */
type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

/** Activities of a workflow that Temporal tries again after the same failure. */
export interface FailingActivities {
  /** A failure code, or the type of another error. */
  readonly code: string;
  /** The last failure. */
  readonly message: string;
  /** The remedy. */
  readonly next: string;
  readonly activities: number;
  /** Attempts of the activity that was tried most often. */
  readonly attempts: number;
  /** When the first of them was scheduled, ISO 8601. Null if that was too many events ago. */
  readonly since: string | null;
  /** When the next attempt begins, ISO 8601. Null if an attempt is running. */
  readonly nextTry: string | null;
}

/** The activities that fail, by code. Empty if nothing fails, or if the workflow does not exist. */
export async function failingActivities(session: Session, workflowId: string): Promise<FailingActivities[]> {
  const handle = session.temporal.client.workflow.getHandle(workflowId);
  try {
    const description = await withDeadline(session, () => handle.describe());
    const failing = (description.raw.pendingActivities ?? []).filter(
      ({ lastFailure }) => lastFailure != null,
    );
    if (failing.length === 0) return [];
    const events = await recentEvents(session, description);
    const byCode = Map.groupBy(failing, codeOf);
    return [...byCode.values()].map((activities) => summaryOf(session, activities, events));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    throw error;
  }
}

/** The failure after which an activity is tried again, without the secrets of this command. */
export function lastFailureOf(
  { secrets }: Pick<Session['io'], 'secrets'>,
  activity: PendingActivity,
): Pick<FailingActivities, 'code' | 'message' | 'next'> {
  const code = codeOf(activity);
  return {
    code,
    message: createScrub(secrets)(activity.lastFailure?.message ?? ''),
    next: remedyOf(code),
  };
}

function codeOf({ lastFailure }: PendingActivity): string {
  return lastFailure?.applicationFailureInfo?.type || 'ACTIVITY_FAILED';
}

function summaryOf(
  { io }: Session,
  activities: readonly PendingActivity[],
  events: readonly RecentEvent[],
): FailingActivities {
  const shown = activities.find(({ lastFailure }) => lastFailure?.message) ?? activities[0] ?? {};
  const ids = new Set(activities.map(({ activityId }) => activityId));
  const scheduled = events.filter(({ activityTaskScheduledEventAttributes: attributes }) =>
    ids.has(attributes?.activityId),
  );
  const waits = activities.map(({ nextAttemptScheduleTime }) => dateOf(nextAttemptScheduleTime));
  return {
    ...lastFailureOf(io, shown),
    activities: activities.length,
    attempts: Math.max(...activities.map(({ attempt }) => attempt ?? 1)),
    // Without the events of all of them, the first one is not known.
    since: scheduled.length < ids.size ? null : earliest(scheduled.map(({ eventTime }) => dateOf(eventTime))),
    nextTry: waits.includes(null) ? null : earliest(waits),
  };
}

function earliest(dates: readonly (Date | null)[]): string | null {
  const times = dates.flatMap((date) => (date === null ? [] : [date.getTime()]));
  return times.length === 0 ? null : new Date(Math.min(...times)).toISOString();
}

/** The exit code of a failure that waits for a person. Others pass by themselves: 0. */
export function exitCodeOfFailing({ code }: Pick<FailingActivities, 'code'>): ExitCode {
  if (!isFailureCode(code)) return EXIT.failed;
  const { concerns, exit } = FAILURES[code];
  return concerns.operator === true ? EXIT[exit] : EXIT.ok;
}

/** Three lines for people, with local times. */
export function describeFailing(failing: FailingActivities): string[] {
  const { code, message, next, activities, attempts, since, nextTry } = failing;
  return [
    `  failing: ${code}: ${message}`,
    `  since ${since === null ? 'an unknown time' : localTime(since)}; ${activities} activities, ` +
      `attempt ${attempts}; next try: ${nextTry === null ? 'now' : localTime(nextTry)}`,
    `  Next: ${next}`,
  ];
}
