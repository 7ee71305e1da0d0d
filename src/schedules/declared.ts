import { ScheduleOverlapPolicy, type ScheduleOptions } from '@temporalio/client';
import type { SearchAttributePair } from '@temporalio/common';
import type { BaseConfig } from '../config/config.ts';
import type { CoherenceInput } from '../contract/coherence.ts';
import type { MaintenanceInput } from '../contract/collecting.ts';
import { coherenceScheduleId, maintenanceScheduleId, WORKFLOWS } from '../contract/names.ts';
import { startAttributes, stateAttributes } from '../temporal/searchAttributes.ts';

/** What tells our schedules from others of the same namespace: how their ids begin, and what they start. */
export const SCHEDULE_KINDS = [
  { prefix: maintenanceScheduleId(''), workflowType: WORKFLOWS.maintenance },
  { prefix: coherenceScheduleId(''), workflowType: WORKFLOWS.coherence },
] as const;

/**
 * A run of MAINTENANCE that was missed (server down) is caught up if it is at most this late. One run covers any gap,
 * since it goes on from its watermark, so more than the last of them would only repeat work. The server's own default is
 * a year.
 */
const MAINTENANCE_CATCHUP_MS = 2 * 60 * 60 * 1_000;

/** A coherence check tells of now, and the next one is at most an hour away: only what is barely late is caught up. */
const COHERENCE_CATCHUP_MS = 10 * 60 * 1_000;

/** The part of the configuration that schedules are made of. */
export type ScheduleSettings = Pick<BaseConfig, 'maintenance' | 'coherence' | 'bucket' | 'taskQueue'>;

/** A schedule, as the configuration wants it. */
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
}

/** One schedule for each collection of `LEGISYNC_MAINTENANCE`, and one for the bucket's coherence. */
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
    // A run that takes longer than the interval delays the next one, instead of dropping it: freshness matters.
    overlap: ScheduleOverlapPolicy.BUFFER_ONE,
    catchupWindowMs: MAINTENANCE_CATCHUP_MS,
    // As of runs that are started by hand: the Web UI finds both with one query.
    attributes: startAttributes(collection, 'collecting'),
    summary: `MAINTENANCE of ${collection}: at most ${maintenance.limit} documents`,
  };
}

function coherenceSchedule({ coherence, bucket, taskQueue }: ScheduleSettings): DeclaredSchedule {
  const { cron, graceSeconds, missingLimit, gapPercent } = coherence;
  return {
    id: coherenceScheduleId(bucket),
    cron,
    timezone: 'UTC',
    taskQueue,
    workflowType: WORKFLOWS.coherence,
    input: { bucket, kind: 'full', graceSeconds, limits: { missingLimit, gapPercent } },
    // A check that waits for a database in trouble must not be followed by those that it kept waiting.
    overlap: ScheduleOverlapPolicy.SKIP,
    catchupWindowMs: COHERENCE_CATCHUP_MS,
    attributes: stateAttributes('checking'),
    summary: `Compares Storage and files_queue of ${bucket}`,
  };
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
      overlap: declared.overlap,
      catchupWindow: declared.catchupWindowMs,
      // A failed run heals itself with the next one; pausing would stop what is scheduled without a word.
      pauseOnFailure: false,
    },
    action: {
      type: 'startWorkflow',
      workflowType: declared.workflowType,
      workflowId: declared.id,
      taskQueue: declared.taskQueue,
      args: [declared.input],
      typedSearchAttributes: declared.attributes,
      staticSummary: declared.summary,
    },
  } satisfies ScheduleOptions;
}
