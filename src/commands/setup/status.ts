import type { ScheduleDescription } from '@temporalio/client';
import { planSchedules, type ScheduleChange } from '../../schedules/plan.ts';
import { massiveWorkflowId, WORKFLOWS } from '../../contract/names.ts';
import { EXIT } from '../../cli/exit.ts';
import { collectionStatuses, describeStatus, forJson, type CollectionStatus } from '../massive/status.ts';
import { verdictOf } from './verdict.ts';
import { withDeadline, type Outcome, type Session } from '../../cli/run.ts';
import { localTime } from '../../cli/text/time.ts';
import { describeWorker, workersOf } from '../../cli/workers.ts';

/**
 * `legisync status`: server, workers, collections and schedules. What is not running is not an
 * error, except with `check`: the exit code is then that of the first problem.
 */
export async function status(
  session: Session,
  { check }: { readonly check?: boolean | undefined } = {},
): Promise<Outcome> {
  const { config, temporal } = session;
  const workers = await workersOf(session);
  const schedules = await withDeadline(session, () => scheduleStatuses(session));
  const configured = await collectionStatuses(session, config.massive.collections);
  const collections = [...configured, ...(await otherCollections(session))];
  const verdict = verdictOf(configured);
  return {
    data: {
      temporal: { address: temporal.address, namespace: temporal.namespace },
      taskQueue: config.taskQueue,
      workerCount: workers.length,
      workers,
      collections: collections.map(forJson),
      ok: verdict.ok,
      schedules,
      supabase: config.supabase === undefined ? null : { url: config.supabase.url, bucket: config.bucket },
    },
    lines: [
      verdict.text,
      `Temporal: ${temporal.address}, namespace ${temporal.namespace}; ${workers.length} worker(s) on ${config.taskQueue}`,
      ...workers.map((worker) => `  ${describeWorker(worker)}`),
      config.supabase === undefined
        ? 'Supabase: not configured here'
        : `Supabase: ${config.supabase.url}, bucket ${config.bucket}`,
      ...collections.flatMap(describeStatus),
      ...schedules.map(
        ({ id, state, paused, nextRun }) =>
          `${id}: ${state}${paused && state !== 'paused' ? ', paused' : ''}${nextRun === null ? '' : `, next run ${localTime(nextRun)}`}`,
      ),
    ],
    exitCode: check === true ? verdict.exitCode : EXIT.ok,
  };
}

/** More collections than this are a fault. The others are not shown. */
const MAX_OTHERS = 50;

const ID_PREFIX = massiveWorkflowId('');

/** The collections that run, but are not configured here. */
async function otherCollections(session: Session): Promise<CollectionStatus[]> {
  const { config, temporal } = session;
  const query = `WorkflowType = '${WORKFLOWS.massive}' and ExecutionStatus = 'Running'`;
  const names = new Set<string>();
  await withDeadline(session, async () => {
    for await (const { workflowId } of temporal.client.workflow.list({ query })) {
      const name = workflowId.slice(ID_PREFIX.length);
      if (workflowId.startsWith(ID_PREFIX) && !config.massive.collections.includes(name)) names.add(name);
      if (names.size === MAX_OTHERS) break;
    }
  });
  const found = await collectionStatuses(session, [...names]);
  // The list may lag behind: some may have ended.
  return found.filter(({ progress }) => progress.problem?.exitCode !== EXIT.notRunning);
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
