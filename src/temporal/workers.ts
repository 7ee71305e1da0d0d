import type { Connection } from '@temporalio/client';
import { WORKER_HEARTBEAT } from '../contract/timing.ts';
import { GRPC, grpcCodeOf } from './grpc.ts';

/** A worker process that is alive. */
export interface LivingWorker {
  /** Unique on its host: `legisync-<pid>@<host>`. */
  readonly identity: string;
  /** The build of its workflow code; null: not known yet. */
  readonly buildId: string | null;
  /** Null until its first heartbeat, ten seconds after its start, like all that follows. */
  readonly host: string | null;
  readonly pid: number | null;
  /** ISO 8601, by the clock of its host. */
  readonly startedAt: string | null;
  /** Seconds since its last sign: a heartbeat or a poll. */
  readonly secondsSilent: number;
}

/** Which workers are counted. */
interface Queue {
  readonly namespace: string;
  readonly taskQueue: string;
}

/**
 * A worker without a heartbeat counts if it has polled in this time. A poll takes up to 70 s, so a
 * shorter time would hide idle workers. The server itself lists pollers for five minutes.
 */
export const POLLER_MS = 120_000;

/** Workers that are looked at. More of them on one task queue are not a use of legisync. */
const MAX_WORKERS = 100;

/** The server has no such list. */
const NO_LIST: readonly number[] = [
  GRPC.invalidArgument,
  GRPC.permissionDenied,
  GRPC.failedPrecondition,
  GRPC.unimplemented,
];

/** WORKER_STATUS_RUNNING of `temporal.api.enums.v1.WorkerStatus`. */
const RUNNING = 1;

/**
 * The workers of a task queue that are alive. Who sends heartbeats is judged by them: a killed
 * worker is gone after half a minute, one that was stopped at once. Others are judged by their
 * polls.
 *
 * @param now in milliseconds
 */
export async function livingWorkers(
  service: Connection['workflowService'],
  { namespace, taskQueue }: Queue,
  now = Date.now(),
): Promise<LivingWorker[]> {
  // One after the other: a retry that outlives the failure of another call meets a closed connection.
  const { pollers } = await service.describeTaskQueue({ namespace, taskQueue: { name: taskQueue } });
  const beating = await heartbeats(service, { namespace, taskQueue });
  const known = new Set(beating.map(({ workerIdentity }) => workerIdentity));
  return [
    ...beating
      .filter(({ status }) => Number(status) === RUNNING)
      .map((heartbeat) => fromHeartbeat(heartbeat, now))
      .filter(({ secondsSilent }) => secondsSilent * 1_000 < WORKER_HEARTBEAT.lostMs),
    ...pollers
      .map(({ identity, lastAccessTime, deploymentOptions }) => ({
        identity: identity ?? '',
        ...{ host: null, pid: null, startedAt: null },
        buildId: textOrNull(deploymentOptions?.buildId),
        secondsSilent: secondsSince(lastAccessTime, now),
      }))
      .filter(({ identity, secondsSilent }) => !known.has(identity) && secondsSilent * 1_000 < POLLER_MS),
  ];
}

type Heartbeat = NonNullable<
  NonNullable<
    Awaited<ReturnType<Connection['workflowService']['describeWorker']>>['workerInfo']
  >['workerHeartbeat']
>;

/** The last heartbeat of each worker that the server remembers; none if it keeps no list. */
async function heartbeats(
  service: Connection['workflowService'],
  { namespace, taskQueue }: Queue,
): Promise<Heartbeat[]> {
  const query = `TaskQueue = '${taskQueue.replaceAll("'", "''")}'`;
  const { workers } = await service
    .listWorkers({ namespace, pageSize: MAX_WORKERS, query })
    .catch(orElse({ workers: [] }, NO_LIST));
  const found: Heartbeat[] = [];
  for (const { workerInstanceKey } of workers.slice(0, MAX_WORKERS)) {
    // The server may have forgotten it meanwhile.
    const { workerInfo } = await service
      .describeWorker({ namespace, workerInstanceKey: workerInstanceKey ?? '' })
      .catch(orElse({ workerInfo: null }, [...NO_LIST, GRPC.notFound]));
    if (workerInfo?.workerHeartbeat) found.push(workerInfo.workerHeartbeat);
  }
  return found;
}

function orElse<T>(value: T, codes: readonly number[]): (error: unknown) => T {
  return (error) => {
    const code = grpcCodeOf(error);
    if (code !== undefined && codes.includes(code)) return value;
    throw error;
  };
}

function fromHeartbeat(heartbeat: Heartbeat, now: number): LivingWorker {
  const { workerIdentity, hostInfo, deploymentVersion, startTime, heartbeatTime } = heartbeat;
  return {
    identity: workerIdentity ?? '',
    host: textOrNull(hostInfo?.hostName),
    pid: Number(hostInfo?.processId ?? '') || null,
    buildId: textOrNull(deploymentVersion?.buildId),
    startedAt: startTime == null ? null : new Date(millis(startTime)).toISOString(),
    secondsSilent: secondsSince(heartbeatTime, now),
  };
}

type Timestamp = NonNullable<Heartbeat['heartbeatTime']>;

const millis = ({ seconds, nanos }: Timestamp): number => Number(seconds ?? 0) * 1_000 + (nanos ?? 0) / 1e6;

/** Whole seconds, not below 0: the clocks of two machines differ. */
function secondsSince(time: Timestamp | null | undefined, now: number): number {
  return time == null ? Infinity : Math.max(0, Math.floor((now - millis(time)) / 1_000));
}

function textOrNull(text: string | null | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}
