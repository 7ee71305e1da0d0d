import type { Collection } from '../contract/collections.ts';
import type { BaseConfig, ConfigParts } from './config.ts';
import type { Settings } from './schema.ts';

/** Groups checked settings by what uses them; a part whose settings are not all there is left out. */
export function assemble(
  settings: Settings,
  collections: readonly Collection[],
): Omit<BaseConfig, 'temporal'> & Partial<ConfigParts> {
  return {
    ...partsOf(settings),
    bucket: settings.LEGISYNC_BUCKET,
    taskQueue: settings.LEGISYNC_TASK_QUEUE,
    collections,
    collecting: { adopt: settings.LEGISYNC_ADOPT, consultConcurrency: settings.LEGISYNC_CONSULT_CONCURRENCY },
    massive: {
      collections: settings.LEGISYNC_MASSIVE,
      lanes: settings.LEGISYNC_CONCURRENCY,
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
    },
    worker: {
      shutdownGraceSeconds: settings.LEGISYNC_SHUTDOWN_GRACE_SECONDS,
      metricsAddress: settings.LEGISYNC_METRICS_ADDRESS,
    },
    log: { level: settings.LEGISYNC_LOG_LEVEL },
  };
}

function partsOf(settings: Settings): Partial<ConfigParts> {
  const { PISTE_CLIENT_ID: clientId, PISTE_CLIENT_SECRET: clientSecret } = settings;
  const {
    SUPABASE_URL: url,
    SUPABASE_SERVICE_ROLE_KEY: serviceRoleKey,
    SUPABASE_DB_URL: databaseUrl,
  } = settings;
  const { LEGIFRANCE_API_URL: apiUrl, LEGIFRANCE_TOKEN_URL: tokenUrl } = settings;
  return {
    ...(clientId !== undefined && clientSecret !== undefined
      ? { legifrance: { clientId, clientSecret, apiUrl, tokenUrl } }
      : {}),
    ...(url !== undefined && serviceRoleKey !== undefined ? { supabase: { url, serviceRoleKey } } : {}),
    ...(databaseUrl !== undefined ? { database: { url: databaseUrl } } : {}),
  };
}
