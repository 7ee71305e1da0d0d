import { hostname } from 'node:os';
import { Worker, type WorkerDeploymentOptions } from '@temporalio/worker';
import type { ActivityDeps } from './activities/deps.ts';
import { createActivities } from './activities/index.ts';
import { keepExpiring } from './claimExpiry.ts';
import type { Config } from './config/config.ts';
import { MAX_ACTIVITIES } from './contract/limits.ts';
import { HEARTBEAT, SHUTDOWN } from './contract/timing.ts';
import { createLegifrance } from './legifrance/client.ts';
import { createProcessQuota } from './legifrance/quota/quota.ts';
import { failureInterceptor } from './observability/failureInterceptor.ts';
import { openHealth } from './health/open.ts';
import type { Logger } from './observability/logger.ts';
import type { Scrub } from './observability/scrub.ts';
import { createSupabase } from './supabase/index.ts';
import { connectWorker } from './temporal/nativeConnection.ts';
import { findWorkflowBundle, type WorkflowBundle } from './temporal/workflowBundle.ts';

/** Workflow runs kept in memory: several collections, and short MAINTENANCE runs. */
const MAX_CACHED_WORKFLOWS = 100;

export interface WorkerOptions {
  readonly config: Config<'legifrance' | 'supabase'>;
  readonly logger: Logger;
  readonly scrub: Scrub;
  /** Stops the worker: activities finish, or release their leases, within the grace time. */
  readonly stop: AbortSignal;
  /** Called when the worker starts to poll. */
  readonly onReady?: () => void;
  /** Default: the prebuilt one. */
  readonly bundle?: WorkflowBundle;
  /** Wraps the dependencies of activities: tests inject faults. */
  readonly decorate?: (deps: ActivityDeps) => ActivityDeps;
}

/**
 * Runs one worker until `stop` is aborted and its activities have ended.
 *
 * @throws TemporalUnreachable if the server does not answer; BundleOutdated if `npm run
 * build:workflows` has to run before
 */
export async function runWorker({ config, logger, scrub, stop, ...options }: WorkerOptions): Promise<void> {
  const bundle = options.bundle ?? (await findWorkflowBundle());
  const legifrance = createLegifrance({
    apiUrl: config.legifrance.apiUrl,
    tokenUrl: config.legifrance.tokenUrl,
    clientId: config.legifrance.clientId,
    clientSecret: () => config.legifrance.clientSecret.reveal(),
    quota: createProcessQuota(config.quota),
    connections: Math.max(config.collecting.consultConcurrency, 10),
    log: logger.child({ part: 'legifrance' }),
  });
  const abort = new AbortController();
  const supabase = createSupabase({
    url: config.supabase.url,
    key: () => config.supabase.serviceRoleKey.reveal(),
    bucket: config.bucket,
    signal: abort.signal,
  });
  const deps: ActivityDeps = {
    legifrance,
    ...supabase,
    collections: new Map(config.collections.map((collection) => [collection.name, collection])),
    settings: {
      consultConcurrency: config.collecting.consultConcurrency,
      passIntervalSeconds: config.massive.passIntervalSeconds,
      adopt: config.collecting.adopt,
      maintenancePageSize: config.maintenance.pageSize,
      maintenanceSinceDays: config.maintenance.sinceDays,
    },
    draining: stop,
    now: () => new Date(),
    log: logger.child({ part: 'activities' }),
  };

  const { connection, namespace, address } = await connectWorker(config);
  try {
    const grace = config.worker.shutdownGraceSeconds;
    const identity = `legisync-${process.pid}@${hostname()}`;
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue: config.taskQueue,
      identity,
      workflowBundle: { codePath: bundle.codePath },
      workerDeploymentOptions: deploymentOf(config, bundle),
      activities: createActivities(options.decorate?.(deps) ?? deps),
      interceptors: { activity: [failureInterceptor({ logger, scrub })] },
      maxConcurrentActivityTaskExecutions: MAX_ACTIVITIES,
      maxCachedWorkflows: MAX_CACHED_WORKFLOWS,
      maxHeartbeatThrottleInterval: HEARTBEAT.throttleMs,
      shutdownGraceTime: `${grace}s`,
      shutdownForceTime: `${grace + SHUTDOWN.forceSeconds}s`,
    });
    const shutdown = (): void => {
      worker.shutdown();
      setTimeout(() => abort.abort(), (grace + SHUTDOWN.abortSeconds) * 1_000).unref();
    };
    stop.addEventListener('abort', shutdown, { once: true });
    logger.info({ address, namespace, taskQueue: config.taskQueue, build: bundle.buildId }, 'worker started');
    keepExpiring(supabase.claims, logger, stop);
    const health = await openHealth(config.worker.healthAddress, logger, {
      connection,
      namespace,
      taskQueue: config.taskQueue,
      identity,
      buildId: config.worker.versioning ? bundle.buildId : undefined,
      state: () => worker.getState(),
    });
    const running = worker.run();
    if (stop.aborted) shutdown();
    options.onReady?.();
    await running.finally(() => health?.close());
    stop.removeEventListener('abort', shutdown);
    logger.info('worker ended');
  } finally {
    // What fails here must not hide why the worker ends.
    for (const close of [() => connection.close(), () => legifrance.close()]) {
      await close().catch((error: unknown) => logger.warn({ err: error }, 'a connection did not close'));
    }
  }
}

/**
 * Workers of one task queue are one deployment, and the workflow code is its version. A run is pinned
 * to the version that began it.
 */
function deploymentOf(
  { taskQueue, worker }: Config<'legifrance' | 'supabase'>,
  { buildId }: WorkflowBundle,
): WorkerDeploymentOptions {
  const version = { deploymentName: taskQueue, buildId };
  return worker.versioning
    ? { version, useWorkerVersioning: true, defaultVersioningBehavior: 'PINNED' }
    : { version, useWorkerVersioning: false };
}
