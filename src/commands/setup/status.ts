import { massiveWorkflowId, WORKFLOWS } from '../../contract/names.ts';
import { EXIT } from '../../cli/exit.ts';
import { collectionStatuses, describeDetails, forJson, type CollectionStatus } from '../massive/status.ts';
import { scheduleStatuses } from './scheduleStatus.ts';
import { buildTable, collectionTable, scheduleRemedies, scheduleTable, workerTable } from './statusTables.ts';
import { verdictOf } from './verdict.ts';
import { watch } from './watch.ts';
import type { JsonOption } from '../../cli/leaf.ts';
import { withDeadline, type Outcome, type Session } from '../../cli/run.ts';
import { workersOf } from '../../cli/workers.ts';
import { buildsOf } from '../../temporal/deployment.ts';
import { COMMANDS } from '../../installation.ts';

export interface StatusOptions extends JsonOption {
  readonly check?: boolean;
  readonly watch?: boolean;
}

/**
 * `legisync status`: server, workers, collections and schedules. What is not running is not an
 * error, except with `check`: the exit code is then that of the first problem. With `watch`, again
 * and again until Ctrl-C.
 */
export function status(session: Session, options: StatusOptions): Promise<Outcome> {
  const read = () => readStatus(session, options.check === true);
  return options.watch === true ? watch(session, { json: options.json === true, read }) : read();
}

async function readStatus(session: Session, check: boolean): Promise<Outcome> {
  const { config, temporal } = session;
  const workers = await workersOf(session);
  const schedules = await withDeadline(session, () => scheduleStatuses(session));
  const builds = await withDeadline(session, () =>
    buildsOf(temporal.connection.workflowService, {
      namespace: temporal.namespace,
      taskQueue: config.taskQueue,
    }),
  );
  const configured = await collectionStatuses(session, config.massive.collections);
  const collections = [...configured, ...(await otherCollections(session))];
  const verdict = verdictOf(configured);
  return {
    data: {
      temporal: { address: temporal.address, namespace: temporal.namespace },
      taskQueue: config.taskQueue,
      workerCount: workers.length,
      workers,
      builds,
      collections: collections.map(forJson),
      ok: verdict.ok,
      schedules,
      supabase: config.supabase === undefined ? null : { url: config.supabase.url, bucket: config.bucket },
    },
    lines: [
      verdict.text,
      `Temporal: ${temporal.address}, namespace ${temporal.namespace}`,
      config.supabase === undefined
        ? 'Supabase: not configured here'
        : `Supabase: ${config.supabase.url}, bucket ${config.bucket}`,
      ...(config.database === undefined
        ? []
        : [`Database: psql "$(${COMMANDS.legisync} env SUPABASE_DB_URL)"`]),
      ...section(`Workers of task queue ${config.taskQueue}`, workers, workerTable),
      ...(builds.length === 0 ? [] : section('Builds (worker versioning)', builds, buildTable)),
      ...section('MASSIVE', collections, collectionTable),
      ...collections.flatMap(describeDetails),
      ...section('Schedules', schedules, scheduleTable),
      ...scheduleRemedies(temporal, schedules),
    ],
    exitCode: check ? verdict.exitCode : EXIT.ok,
  };
}

function section<T>(title: string, rows: readonly T[], table: (rows: readonly T[]) => string[]): string[] {
  return ['', ...(rows.length === 0 ? [`${title}: none`] : [title, ...table(rows)])];
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
