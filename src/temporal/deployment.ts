import { setTimeout as pause } from 'node:timers/promises';
import type { Connection, WorkflowExecutionDescription } from '@temporalio/client';
import { GRPC, grpcCodeOf } from './grpc.ts';

/**
 * Worker Deployment Versioning: the workers of a task queue are a deployment with the name of the
 * queue, and each build of the workflow code is a version of it.
 */

type Service = Connection['workflowService'];

/** Which deployment. */
interface Deployment {
  readonly namespace: string;
  readonly taskQueue: string;
}

/** A build of the workflow code that versioned workers have polled with. */
export interface Build {
  readonly buildId: string;
  /** See {@link STATUS}. New runs begin on the current build. */
  readonly status: BuildStatus;
}

/**
 * `current`: new runs begin on it. `draining`: runs are still pinned to it, so its workers must stay.
 * `drained`: its workers may end. `inactive`: it has never been current.
 */
export type BuildStatus = 'current' | 'ramping' | 'draining' | 'drained' | 'inactive';

/** By `temporal.api.enums.v1.WorkerDeploymentVersionStatus`. */
const STATUS: Readonly<Record<number, BuildStatus>> = {
  1: 'inactive',
  2: 'current',
  3: 'ramping',
  4: 'draining',
  5: 'drained',
  6: 'inactive',
};

const ORDER: readonly BuildStatus[] = ['current', 'ramping', 'draining', 'inactive', 'drained'];

const NO_DEPLOYMENT: readonly (number | undefined)[] = [GRPC.notFound, GRPC.unimplemented];
const NO_POLLERS: readonly (number | undefined)[] = [GRPC.notFound, GRPC.failedPrecondition];

/** The builds of a deployment, the current one first; none if its workers have never been versioned. */
export async function buildsOf(service: Service, { namespace, taskQueue }: Deployment): Promise<Build[]> {
  try {
    const { workerDeploymentInfo } = await service.describeWorkerDeployment({
      namespace,
      deploymentName: taskQueue,
    });
    const builds = (workerDeploymentInfo?.versionSummaries ?? []).map(
      ({ deploymentVersion, status }): Build => ({
        buildId: deploymentVersion?.buildId ?? '',
        status: STATUS[Number(status)] ?? 'inactive',
      }),
    );
    return builds.sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  } catch (error) {
    if (NO_DEPLOYMENT.includes(grpcCodeOf(error))) return [];
    throw error;
  }
}

/** `ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS` of `temporal.api.enums.v1.RoutingConfigUpdateState`. */
const SPREADING = 1;

/**
 * The server needs about a second to tell every part of it which build is current. Shorter than the
 * deadline of a command.
 */
const SPREAD_MS = 5_000;
const LOOK_MS = 200;

/**
 * Makes a build current: new runs begin on it, and a run of MASSIVE moves to it as soon as its
 * batches in progress have ended. Returns when all parts of the server know it, or after five
 * seconds. Repeating it is harmless.
 *
 * @returns false if no worker has polled with this build
 */
export async function makeCurrent(
  service: Service,
  { namespace, taskQueue }: Deployment,
  buildId: string,
): Promise<boolean> {
  const deployment = { namespace, deploymentName: taskQueue };
  try {
    await service.setWorkerDeploymentCurrentVersion({ ...deployment, buildId, identity: 'legisync up' });
  } catch (error) {
    if (NO_POLLERS.includes(grpcCodeOf(error))) return false;
    throw error;
  }
  for (let waitedMs = 0; waitedMs < SPREAD_MS; waitedMs += LOOK_MS) {
    const { workerDeploymentInfo } = await service.describeWorkerDeployment(deployment);
    if (Number(workerDeploymentInfo?.routingConfigUpdateState) !== SPREADING) break;
    await pause(LOOK_MS);
  }
  return true;
}

/**
 * The build that completed the last workflow task of a workflow, versioned or not; null: none has.
 */
export function lastBuildOf({ raw }: WorkflowExecutionDescription): string | null {
  const { mostRecentWorkerVersionStamp, versioningInfo } = raw.workflowExecutionInfo ?? {};
  const build = versioningInfo?.deploymentVersion?.buildId ?? mostRecentWorkerVersionStamp?.buildId;
  return build == null || build === '' ? null : build;
}
