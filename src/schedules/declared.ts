import { ScheduleOverlapPolicy, type ScheduleOptions } from '@temporalio/client';
import type { BaseConfig } from '../config/config.ts';
import type { MaintenanceInput } from '../contract/messages.ts';
import { maintenanceScheduleId, WORKFLOWS } from '../contract/names.ts';
import { startAttributes } from '../temporal/searchAttributes.ts';

/** What all our schedule ids begin with. */
export const SCHEDULE_PREFIX = maintenanceScheduleId('');

/**
 * A run that was missed (server down) is caught up if it is at most this late. One run covers any gap, since it goes on
 * from its watermark, so more than the last of them would only repeat work. The server's own default is a year.
 */
const CATCHUP_WINDOW_MS = 2 * 60 * 60 * 1_000;

/** A MAINTENANCE schedule, as the configuration wants it. */
export interface DeclaredSchedule {
  readonly id: string;
  readonly cron: string;
  readonly timezone: string;
  readonly taskQueue: string;
  readonly input: MaintenanceInput;
  readonly summary: string;
}

/** One schedule for each collection of `LEGISYNC_MAINTENANCE`. */
export function declaredSchedules({
  maintenance,
  taskQueue,
}: Pick<BaseConfig, 'maintenance' | 'taskQueue'>): DeclaredSchedule[] {
  return maintenance.collections.map((collection) => ({
    id: maintenanceScheduleId(collection),
    cron: maintenance.cron,
    timezone: maintenance.timezone,
    taskQueue,
    input: { collection, limit: maintenance.limit },
    summary: `MAINTENANCE of ${collection}: at most ${maintenance.limit} documents`,
  }));
}

/** A declared schedule as the server takes it. */
export function scheduleOptions(declared: DeclaredSchedule) {
  return {
    scheduleId: declared.id,
    spec: {
      // The server turns a cron line into calendars and keeps only its comment: with the line itself as the comment,
      // a later plan can tell from which line the calendars were made.
      cronExpressions: [`${declared.cron} # ${declared.cron}`],
      timezone: declared.timezone,
    },
    policies: {
      // A run that takes longer than the interval delays the next one, instead of dropping it: freshness matters.
      overlap: ScheduleOverlapPolicy.BUFFER_ONE,
      catchupWindow: CATCHUP_WINDOW_MS,
      // A failed run heals itself with the next one; pausing would stop the collection without a word.
      pauseOnFailure: false,
    },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOWS.maintenance,
      workflowId: declared.id,
      taskQueue: declared.taskQueue,
      args: [declared.input],
      // As of runs that are started by hand: the Web UI finds both with one query.
      typedSearchAttributes: startAttributes(declared.input.collection, 'collecting'),
      staticSummary: declared.summary,
    },
  } satisfies ScheduleOptions;
}
