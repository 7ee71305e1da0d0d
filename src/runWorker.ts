import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import type { ActivityDeps } from './activities/deps.ts';
import { createActivities } from './activities/index.ts';
import type { Config } from './config/config.ts';
import { createLegifrance } from './legifrance/client.ts';
import { createProcessQuota } from './legifrance/quota/quota.ts';
import { failureInterceptor } from './observability/failureInterceptor.ts';
import type { Logger } from './observability/logger.ts';
import type { Scrub } from './observability/scrub.ts';
import { createSupabase } from './supabase/index.ts';
import { connectWorker } from './temporal/nativeConnection.ts';

const WORKFLOWS = fileURLToPath(new URL('./workflows/index.ts', import.meta.url));

/** All lanes of two collections (32), MAINTENANCE, and room for the short ones. */
const MAX_ACTIVITIES = 40;

/** Workflow runs kept in memory: a handful of collections, and MAINTENANCE runs that end soon. */
const MAX_CACHED_WORKFLOWS = 100;

/** After the grace time activities are cancelled; this much later the process ends whatever they do. */
const FORCE_SECONDS = 10;

export interface WorkerOptions {
  readonly config: Config<'legifrance' | 'supabase'>;
  readonly logger: Logger;
  readonly scrub: Scrub;
  /** Ends the worker: work at hand is finished or handed back within the grace time. */
  readonly stop: AbortSignal;
  /** Called when the worker polls. */
  readonly onReady?: () => void;
  /** Puts something in front of the ports: faults, in tests. */
  readonly decorate?: (deps: ActivityDeps) => ActivityDeps;
}

/**
 * Runs one worker process until `stop` is aborted and its work has ended.
 *
 * @throws TemporalUnreachable where the server does not answer
 */
export async function runWorker({ config, logger, scrub, stop, ...options }: WorkerOptions): Promise<void> {
  const legifrance = createLegifrance({
    apiUrl: config.legifrance.apiUrl,
    tokenUrl: config.legifrance.tokenUrl,
    clientId: config.legifrance.clientId,
    clientSecret: () => config.legifrance.clientSecret.reveal(),
    quota: createProcessQuota(config.quota),
    connections: Math.max(config.collecting.consultConcurrency, 10),
    log: logger.child({ part: 'legifrance' }),
  });
  const supabase = createSupabase({
    url: config.supabase.url,
    key: () => config.supabase.serviceRoleKey.reveal(),
    bucket: config.bucket,
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
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue: config.taskQueue,
      identity: `legisync-${process.pid}@${hostname()}`,
      workflowsPath: WORKFLOWS,
      activities: createActivities(options.decorate?.(deps) ?? deps),
      interceptors: { activity: [failureInterceptor({ logger, scrub })] },
      maxConcurrentActivityTaskExecutions: MAX_ACTIVITIES,
      maxCachedWorkflows: MAX_CACHED_WORKFLOWS,
      // Progress and cancellation travel with heartbeats: five seconds keeps both prompt.
      maxHeartbeatThrottleInterval: '5s',
      shutdownGraceTime: `${grace}s`,
      shutdownForceTime: `${grace + FORCE_SECONDS}s`,
    });
    const shutdown = (): void => worker.shutdown();
    stop.addEventListener('abort', shutdown, { once: true });
    logger.info({ address, namespace, taskQueue: config.taskQueue }, 'worker started');
    const running = worker.run();
    if (stop.aborted) shutdown();
    options.onReady?.();
    await running;
    stop.removeEventListener('abort', shutdown);
    logger.info('worker ended');
  } finally {
    await connection.close();
    await legifrance.close();
  }
}
