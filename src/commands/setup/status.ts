import { planSchedules, type ScheduleChange } from '../../schedules/plan.ts';
import { collectionStatuses, describeStatus, forJson } from '../massive/status.ts';
import { withDeadline, type Outcome, type Session } from '../../cli/run.ts';
import { workersSeen } from '../../cli/workers.ts';

/**
 * `legisync status`: server, workers, collections and schedules. What is not running is not an
 * error.
 */
export async function status(session: Session): Promise<Outcome> {
  const { config, temporal } = session;
  const workers = await workersSeen(session);
  const schedules = await withDeadline(session, () => scheduleStatuses(session));
  const collections = await collectionStatuses(session, config.massive.collections);
  return {
    data: {
      temporal: { address: temporal.address, namespace: temporal.namespace },
      taskQueue: config.taskQueue,
      workers,
      collections: collections.map(forJson),
      schedules,
      supabase: config.supabase === undefined ? null : { url: config.supabase.url, bucket: config.bucket },
    },
    lines: [
      `Temporal: ${temporal.address}, namespace ${temporal.namespace}; ${workers} worker(s) on ${config.taskQueue}`,
      config.supabase === undefined
        ? 'Supabase: not configured here'
        : `Supabase: ${config.supabase.url}, bucket ${config.bucket}`,
      ...collections.flatMap(describeStatus),
      ...schedules.map(
        ({ id, state, nextRun }) => `${id}: ${state}${nextRun === null ? '' : `, next run ${nextRun}`}`,
      ),
    ],
  };
}

interface ScheduleStatus {
  readonly id: string;
  readonly state: 'active' | 'paused' | 'missing' | 'differs' | 'not declared';
  /** ISO 8601. */
  readonly nextRun: string | null;
}

async function scheduleStatuses({ temporal, config }: Session): Promise<ScheduleStatus[]> {
  const statuses: ScheduleStatus[] = [];
  for (const change of await planSchedules(temporal.client, config)) {
    const nextRun =
      change.action === 'create' ? null : await nextRunOf(temporal.client.schedule.getHandle(change.id));
    statuses.push({ id: change.id, state: stateOf(change), nextRun });
  }
  return statuses;
}

async function nextRunOf(handle: {
  describe(): Promise<{ info: { nextActionTimes: Date[] } }>;
}): Promise<string | null> {
  return (await handle.describe()).info.nextActionTimes[0]?.toISOString() ?? null;
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
