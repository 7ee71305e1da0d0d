import { isDeepStrictEqual } from 'node:util';
import type { ScheduleDescription } from '@temporalio/client';
import type { SearchAttributePair, TypedSearchAttributes } from '@temporalio/common';
import { scheduleOptions, type DeclaredSchedule } from './declared.ts';

/** A property that differs on the server. */
export interface Difference {
  readonly property: string;
  readonly is: string;
  readonly wanted: string;
}

/**
 * Compares a schedule on the server with its declaration. The operator's part (paused, note,
 * remaining actions) is not compared.
 */
export function differences(declared: DeclaredSchedule, found: ScheduleDescription): Difference[] {
  const { action, policies } = scheduleOptions(declared);
  const pairs: readonly (readonly [property: string, is: unknown, wanted: unknown])[] = [
    ['times', timesOf(found), declared.cron],
    ['timezone', found.spec.timezone ?? 'UTC', declared.timezone],
    ['overlap', found.policies.overlap, policies.overlap],
    ['catchupWindow', found.policies.catchupWindow, policies.catchupWindow],
    ['pauseOnFailure', found.policies.pauseOnFailure, policies.pauseOnFailure],
    ['workflowType', found.action.workflowType, action.workflowType],
    ['workflowId', found.action.workflowId, action.workflowId],
    ['taskQueue', found.action.taskQueue, action.taskQueue],
    ['input', found.action.args, action.args],
    [
      'searchAttributes',
      attributesOf(found.action.typedSearchAttributes),
      attributesOf(action.typedSearchAttributes),
    ],
    ['summary', found.action.staticSummary, action.staticSummary],
    ['priority', found.action.priority?.priorityKey, action.priority.priorityKey],
  ];
  return pairs
    .filter(([, is, wanted]) => !isDeepStrictEqual(is, wanted))
    .map(([property, is, wanted]) => ({ property, is: shown(is), wanted: shown(wanted) }));
}

/** The cron line of the schedule; or the times themselves, if another tool has set them. */
function timesOf({ spec }: ScheduleDescription): unknown {
  const { calendars = [], intervals = [], skip = [], jitter, startAt, endAt } = spec;
  const [only] = calendars;
  const isOurs =
    calendars.length === 1 &&
    intervals.length === 0 &&
    skip.length === 0 &&
    (jitter ?? 0) === 0 &&
    startAt === undefined &&
    endAt === undefined;
  return isOurs && only?.comment !== undefined
    ? only.comment
    : { calendars, intervals, skip, jitter, startAt, endAt };
}

/** The values by name: the server does not keep their order. */
function attributesOf(
  attributes: readonly SearchAttributePair[] | TypedSearchAttributes = [],
): Readonly<Record<string, unknown>> {
  const pairs = 'getAll' in attributes ? attributes.getAll() : attributes;
  return Object.fromEntries(pairs.map(({ key, value }) => [key.name, value]));
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) as string | undefined);
  return text === undefined ? 'nothing' : text.slice(0, 300);
}
