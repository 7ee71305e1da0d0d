import { ScheduleOverlapPolicy, type ScheduleOptions } from '@temporalio/client';
import type { SearchAttributePair } from '@temporalio/common';
import type { BaseConfig } from '../config/config.ts';
import type { CoherenceInput } from '../contract/coherence.ts';
import type { MaintenanceInput } from '../contract/collecting.ts';
import { PRIORITY } from '../contract/limits.ts';
import { coherenceScheduleId, maintenanceScheduleId, WORKFLOWS } from '../contract/names.ts';
import { startAttributes, stateAttributes } from '../temporal/searchAttributes.ts';

/**
 * How our schedules differ from others of the same namespace: the prefix of the id, and the
 * workflow type.
 */
export const SCHEDULE_KINDS = [
  { prefix: maintenanceScheduleId(''), workflowType: WORKFLOWS.maintenance },
  { prefix: coherenceScheduleId(''), workflowType: WORKFLOWS.coherence },
] as const;

/**
 * A missed run of MAINTENANCE (the server was down) is caught up if it is at most this late. A run
 * continues from its watermark, so one run covers any gap and more of them would repeat work. The
 * server's default is a year.
 */
const MAINTENANCE_CATCHUP_MS = 2 * 60 * 60 * 1_000;

/**
 * A coherence check describes the present, and the next is due within an hour: an older one is
 * skipped.
 */
const COHERENCE_CATCHUP_MS = 10 * 60 * 1_000;

/** The settings that declare schedules. */
export type ScheduleSettings = Pick<BaseConfig, 'maintenance' | 'coherence' | 'bucket' | 'taskQueue'>;

/** A schedule as the configuration declares it. */
export interface DeclaredSchedule {
  readonly id: string;
  readonly cron: string;
  readonly timezone: string;
  readonly taskQueue: string;
  readonly workflowType: (typeof SCHEDULE_KINDS)[number]['workflowType'];
  readonly input: MaintenanceInput | CoherenceInput;
  readonly overlap: ScheduleOverlapPolicy;
  readonly catchupWindowMs: number;
  readonly attributes: SearchAttributePair[];
  readonly summary: string;
  /** One of `PRIORITY`. */
  readonly priorityKey: number;
}

/**
 * One schedule for each collection of `LEGISYNC_MAINTENANCE`, and one for the bucket's coherence.
 */
export function declaredSchedules(settings: ScheduleSettings): DeclaredSchedule[] {
  const { maintenance, coherence } = settings;
  return [
    ...maintenance.collections.map((collection) => maintenanceSchedule(settings, collection)),
    ...(coherence.cron === 'none' ? [] : [coherenceSchedule(settings)]),
  ];
}

function maintenanceSchedule(
  { maintenance, taskQueue }: ScheduleSettings,
  collection: string,
): DeclaredSchedule {
  return {
    id: maintenanceScheduleId(collection),
    cron: maintenance.cron,
    timezone: maintenance.timezone,
    taskQueue,
    workflowType: WORKFLOWS.maintenance,
    input: { collection, limit: maintenance.limit },
    // A run that takes longer than the interval delays the next one, but does not drop it:
    // documents stay recent.
    overlap: ScheduleOverlapPolicy.BUFFER_ONE,
    catchupWindowMs: MAINTENANCE_CATCHUP_MS,
    // The same as for runs that are started by hand, so that one query in the Web UI finds both.
    attributes: startAttributes(collection, 'collecting'),
    summary: `MAINTENANCE of ${collection}: at most ${maintenance.limit} documents`,
    priorityKey: PRIORITY.maintenance,
  };
}

function coherenceSchedule({ coherence, bucket, taskQueue }: ScheduleSettings): DeclaredSchedule {
  const { cron, graceSeconds, missingLimit, gapPercent, requeueHours } = coherence;
  return {
    id: coherenceScheduleId(bucket),
    cron,
    timezone: 'UTC',
    taskQueue,
    workflowType: WORKFLOWS.coherence,
    input: { bucket, kind: 'full', graceSeconds, limits: { missingLimit, gapPercent, requeueHours } },
    // During a database outage, checks must not queue up behind the one that waits.
    overlap: ScheduleOverlapPolicy.SKIP,
    catchupWindowMs: COHERENCE_CATCHUP_MS,
    attributes: stateAttributes('checking'),
    summary: `Compares Storage and files_queue of ${bucket}`,
    priorityKey: PRIORITY.coherence,
  };
}

/** A declared schedule in the form of the Temporal client. */
export function scheduleOptions(declared: DeclaredSchedule) {
  // In a variable of its own: the client sends the priority, but its type does not have it.
  const action = {
    type: 'startWorkflow' as const,
    workflowType: declared.workflowType,
    workflowId: declared.id,
    taskQueue: declared.taskQueue,
    args: [declared.input],
    typedSearchAttributes: declared.attributes,
    staticSummary: declared.summary,
    priority: { priorityKey: declared.priorityKey },
  };
  return {
    scheduleId: declared.id,
    spec: {
      // The server converts a cron line into calendars and keeps only its comment. With the line as
      // its own comment, a later plan can compare it.
      cronExpressions: [`${declared.cron} # ${declared.cron}`],
      timezone: declared.timezone,
    },
    policies: {
      overlap: declared.overlap,
      catchupWindow: declared.catchupWindowMs,
      // The next run makes up for a failed one. Pausing would stop the schedule silently.
      pauseOnFailure: false,
    },
    action,
  } satisfies ScheduleOptions;
}
