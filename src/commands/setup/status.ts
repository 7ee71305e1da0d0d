import type { ScheduleDescription } from '@temporalio/client';
import { planSchedules, type ScheduleChange } from '../../schedules/plan.ts';
import { collectionStatuses, describeStatus, forJson } from '../massive/status.ts';
import { withDeadline, type Outcome, type Session } from '../../cli/run.ts';
import { describeWorker, workersOf } from '../../cli/workers.ts';

/**
 * `legisync status`: server, workers, collections and schedules. What is not running is not an
 * error.
 */
export async function status(session: Session): Promise<Outcome> {
  const { config, temporal } = session;
  const workers = await workersOf(session);
  const schedules = await withDeadline(session, () => scheduleStatuses(session));
  const collections = await collectionStatuses(session, config.massive.collections);
  return {
    data: {
      temporal: { address: temporal.address, namespace: temporal.namespace },
      taskQueue: config.taskQueue,
      workerCount: workers.length,
      workers,
      collections: collections.map(forJson),
      schedules,
      supabase: config.supabase === undefined ? null : { url: config.supabase.url, bucket: config.bucket },
    },
    lines: [
      `Temporal: ${temporal.address}, namespace ${temporal.namespace}; ${workers.length} worker(s) on ${config.taskQueue}`,
      ...workers.map((worker) => `  ${describeWorker(worker)}`),
      config.supabase === undefined
        ? 'Supabase: not configured here'
        : `Supabase: ${config.supabase.url}, bucket ${config.bucket}`,
      ...collections.flatMap(describeStatus),
      ...schedules.map(
        ({ id, state, paused, nextRun }) =>
          `${id}: ${state}${paused && state !== 'paused' ? ', paused' : ''}${nextRun === null ? '' : `, next run ${nextRun}`}`,
      ),
    ],
  };
}

interface ScheduleStatus {
  readonly id: string;
  readonly state: 'active' | 'paused' | 'missing' | 'differs' | 'not declared';
  /** By an operator. A schedule that differs or is not declared may be paused, too. */
  readonly paused: boolean;
  /** ISO 8601. Null if there is none, or while it is paused. */
  readonly nextRun: string | null;
}

async function scheduleStatuses({ temporal, config }: Session): Promise<ScheduleStatus[]> {
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
