import { ScheduleNotFoundError, type Client, type ScheduleDescription } from '@temporalio/client';
import {
  declaredSchedules,
  SCHEDULE_KINDS,
  scheduleOptions,
  type DeclaredSchedule,
  type ScheduleSettings,
} from './declared.ts';
import { differences, type Difference } from './differences.ts';

/** The change that one schedule needs. */
export type ScheduleChange =
  | { readonly action: 'create'; readonly id: string; readonly declared: DeclaredSchedule }
  | {
      readonly action: 'update';
      readonly id: string;
      readonly declared: DeclaredSchedule;
      readonly differences: readonly Difference[];
      readonly paused: boolean;
    }
  | { readonly action: 'remove'; readonly id: string }
  | { readonly action: 'keep'; readonly id: string; readonly paused: boolean };

/** Schedules of the namespace that are searched for orphans. */
const MAX_LISTED = 1_000;

/** Compares the server with the configuration. Changes nothing. */
export async function planSchedules(
  client: Client,
  config: ScheduleSettings,
): Promise<readonly ScheduleChange[]> {
  const declared = declaredSchedules(config);
  const changes: ScheduleChange[] = [];
  for (const schedule of declared) changes.push(await planOne(client, schedule));
  const wanted = new Set(declared.map(({ id }) => id));
  for (const id of await orphans(client, wanted, config.taskQueue)) changes.push({ action: 'remove', id });
  return changes;
}

/**
 * Makes the server's schedules match the configuration. Repeating it is harmless. An operator's
 * pause and its note are kept.
 *
 * @returns the changes; all are `keep` if there was nothing to do
 */
export async function applySchedules(
  client: Client,
  config: ScheduleSettings,
): Promise<readonly ScheduleChange[]> {
  const changes = await planSchedules(client, config);
  for (const change of changes) await applyOne(client, change);
  return changes;
}

async function planOne(client: Client, declared: DeclaredSchedule): Promise<ScheduleChange> {
  const { id } = declared;
  const found = await describe(client, id);
  if (found === undefined) return { action: 'create', id, declared };
  const differing = differences(declared, found);
  const { paused } = found.state;
  return differing.length === 0
    ? { action: 'keep', id, paused }
    : { action: 'update', id, declared, differences: differing, paused };
}

async function applyOne(client: Client, change: ScheduleChange): Promise<void> {
  switch (change.action) {
    case 'create':
      await client.schedule.create(scheduleOptions(change.declared));
      break;
    case 'update': {
      const { spec, policies, action } = scheduleOptions(change.declared);
      // An update replaces everything, so the operator's part is copied.
      await client.schedule.getHandle(change.id).update(({ state, typedSearchAttributes }) => ({
        spec,
        policies,
        action,
        typedSearchAttributes,
        state: {
          paused: state.paused,
          ...(state.note === undefined ? {} : { note: state.note }),
          ...(state.remainingActions === undefined ? {} : { remainingActions: state.remainingActions }),
        },
      }));
      break;
    }
    case 'remove':
      await client.schedule.getHandle(change.id).delete();
      break;
    case 'keep':
      break;
  }
}

/**
 * Our schedules that are no longer declared. A namespace may be shared: a schedule is ours if its
 * id has one of our prefixes *and* it starts the workflow of that prefix on our task queue.
 */
async function orphans(client: Client, wanted: ReadonlySet<string>, taskQueue: string): Promise<string[]> {
  const ids: string[] = [];
  let seen = 0;
  for await (const { scheduleId } of client.schedule.list()) {
    seen += 1;
    if (seen > MAX_LISTED) break;
    const kind = SCHEDULE_KINDS.find(({ prefix }) => scheduleId.startsWith(prefix));
    if (kind === undefined || wanted.has(scheduleId)) continue;
    // The list is eventually consistent: it may still contain a schedule that was just removed.
    const found = await describe(client, scheduleId);
    const ours = found?.action.workflowType === kind.workflowType && found.action.taskQueue === taskQueue;
    if (ours) ids.push(scheduleId);
  }
  return ids;
}

async function describe(client: Client, id: string): Promise<ScheduleDescription | undefined> {
  try {
    return await client.schedule.getHandle(id).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}
