import type { Collection } from '../contract/collections.ts';
import type { Settings } from './schema.ts';
import type { temporalEnvironment } from './temporal.ts';

/**
 * Groups the checked settings by the code that uses them. The type `BaseConfig` is what this
 * function returns. Units are in the names; `settings/` has the bounds and the meanings.
 */
export function assemble(
  settings: Settings,
  collections: readonly Collection[],
  environment: ReturnType<typeof temporalEnvironment>,
) {
  return {
    bucket: settings.LEGISYNC_BUCKET,
    taskQueue: settings.LEGISYNC_TASK_QUEUE,
    temporal: { environment },
    collections,
    collecting: { adopt: settings.LEGISYNC_ADOPT, consultConcurrency: settings.LEGISYNC_CONSULT_CONCURRENCY },
    massive: {
      collections: settings.LEGISYNC_MASSIVE,
      lanes: settings.LEGISYNC_LANES,
      passIntervalSeconds: settings.LEGISYNC_PASS_INTERVAL_SECONDS,
    },
    maintenance: {
      collections: settings.LEGISYNC_MAINTENANCE,
      cron: settings.LEGISYNC_MAINTENANCE_CRON,
      timezone: settings.LEGISYNC_MAINTENANCE_TIMEZONE,
      limit: settings.LEGISYNC_MAINTENANCE_LIMIT,
      pageSize: settings.LEGISYNC_MAINTENANCE_PAGE_SIZE,
      sinceDays: settings.LEGISYNC_MAINTENANCE_SINCE_DAYS,
    },
    quota: {
      perSecond: settings.LEGISYNC_QUOTA_PER_SECOND,
      perHour: settings.LEGISYNC_QUOTA_PER_HOUR,
      perDay: settings.LEGISYNC_QUOTA_PER_DAY,
      reservePercent: settings.LEGISYNC_QUOTA_RESERVE_PERCENT,
      pacing: settings.LEGISYNC_QUOTA_PACING,
    },
    statuses: {
      done: settings.LEGISYNC_STATUS_DONE,
      inProgress: settings.LEGISYNC_STATUS_IN_PROGRESS,
      failed: settings.LEGISYNC_STATUS_FAILED,
    },
    claims: { attempts: settings.LEGISYNC_CLAIM_ATTEMPTS },
    guard: { maxDeletePercent: settings.LEGISYNC_MAX_DELETE_PERCENT },
    backfill: { chunk: settings.LEGISYNC_BACKFILL_CHUNK },
    coherence: {
      cron: settings.LEGISYNC_COHERENCE_CRON,
      graceSeconds: settings.LEGISYNC_GRACE_SECONDS,
      missingLimit: settings.LEGISYNC_MISSING_LIMIT,
      gapPercent: settings.LEGISYNC_GAP_PERCENT,
      requeueHours: settings.LEGISYNC_REQUEUE_HOURS,
    },
    worker: {
      shutdownGraceSeconds: settings.LEGISYNC_SHUTDOWN_GRACE_SECONDS,
      versioning: settings.LEGISYNC_WORKER_VERSIONING === 'on',
      healthAddress: settings.LEGISYNC_HEALTH_ADDRESS,
      metricsAddress: settings.LEGISYNC_METRICS_ADDRESS,
    },
    log: { level: settings.LEGISYNC_LOG_LEVEL },
  } as const;
}

/**
 * The parts that only some commands need. A part is undefined if one of its settings is missing.
 */
export function assembleParts(settings: Settings) {
  return {
    legifrance: legifrance(settings),
    supabase: supabase(settings),
    /** For `legisync migrate` only. */
    database: database(settings),
  } as const;
}

function legifrance({
  PISTE_CLIENT_ID: clientId,
  PISTE_CLIENT_SECRET: clientSecret,
  LEGIFRANCE_API_URL: apiUrl,
  LEGIFRANCE_TOKEN_URL: tokenUrl,
}: Settings) {
  if (clientId === undefined || clientSecret === undefined) return undefined;
  return { clientId, clientSecret, apiUrl, tokenUrl } as const;
}

function supabase({ SUPABASE_URL: url, SUPABASE_SERVICE_ROLE_KEY: serviceRoleKey }: Settings) {
  return url === undefined || serviceRoleKey === undefined ? undefined : ({ url, serviceRoleKey } as const);
}

function database({ SUPABASE_DB_URL: url }: Settings) {
  return url === undefined ? undefined : ({ url } as const);
}
