import type { ScheduleDescription } from '@temporalio/client';
import { planSchedules, type ScheduleChange } from '../../schedules/plan.ts';
import type { Session } from '../../cli/run.ts';

/** A schedule of the configuration or of the server. */
export interface ScheduleStatus {
  readonly id: string;
  readonly state: 'active' | 'paused' | 'missing' | 'differs' | 'not declared';
  /** By an operator. A schedule that differs or is not declared may be paused, too. */
  readonly paused: boolean;
  /** ISO 8601. Null if there is none, or while it is paused. */
  readonly nextRun: string | null;
}

/** Compares the server's schedules with the configuration. */
export async function scheduleStatuses({ temporal, config }: Session): Promise<ScheduleStatus[]> {
  const statuses: ScheduleStatus[] = [];
  for (const change of await planSchedules(temporal.client, config)) {
    const runs =
      change.action === 'create'
        ? { paused: false, nextRun: null }
        : await runsOf(temporal.client.schedule.getHandle(change.id));
    statuses.push({ id: change.id, state: stateOf(change), ...runs });
  }
  return statuses;
}

/** The server lists the times of a paused schedule, too, but starts nothing then. */
async function runsOf(handle: {
  describe(): Promise<Pick<ScheduleDescription, 'info' | 'state'>>;
}): Promise<Pick<ScheduleStatus, 'paused' | 'nextRun'>> {
  const { info, state } = await handle.describe();
  const next = state.paused ? undefined : info.nextActionTimes[0];
  return { paused: state.paused, nextRun: next?.toISOString() ?? null };
}

function stateOf(change: ScheduleChange): ScheduleStatus['state'] {
  switch (change.action) {
    case 'create':
      return 'missing';
    case 'remove':
      return 'not declared';
    case 'update':
      return 'differs';
    case 'keep':
      return change.paused ? 'paused' : 'active';
  }
}
