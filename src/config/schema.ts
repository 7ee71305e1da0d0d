import { z } from 'zod';
import { LANES } from '../contract/collecting.ts';
import { cron } from './cron.ts';
import { optional, preset } from './print/docs.ts';
import { queueSettings } from './queueSettings.ts';
import {
  collectionNames,
  hostAndPort,
  httpUrl,
  integer,
  matching,
  oneOf,
  secret,
  serviceKey,
  statusValues,
  timeZone,
} from './rules.ts';

/** Every setting of legisync: its rule, its default and its documentation. Temporal's own are in `temporal.ts`. */
export const settingsSchema = z.object({
  PISTE_CLIENT_ID: optional(matching(/^\S+$/, 'must not contain white space'), {
    section: 'Légifrance behind PISTE',
    about:
      'Client id of the PISTE application that is subscribed to the Légifrance API (https://piste.gouv.fr).',
    neededFor: 'the worker',
    change: 'quotas belong to the application: another one has its own',
  }),
  PISTE_CLIENT_SECRET: optional(secret(), {
    section: 'Légifrance behind PISTE',
    about: 'Client secret of the same application.',
    neededFor: 'the worker',
    secret: true,
  }),
  LEGIFRANCE_API_URL: preset(httpUrl(), {
    section: 'Légifrance behind PISTE',
    about: 'Base URL of the API.',
    default: 'https://api.piste.gouv.fr/dila/legifrance/lf-engine-app',
    change: 'the sandbox (https://sandbox-api.piste.gouv.fr/…) has applications, data and quotas of its own',
  }),
  LEGIFRANCE_TOKEN_URL: preset(httpUrl(), {
    section: 'Légifrance behind PISTE',
    about: 'Where OAuth tokens are obtained. It must belong to the same environment as the API.',
    default: 'https://oauth.piste.gouv.fr/api/oauth/token',
    change: 'an application of the other environment is answered with invalid_client',
  }),

  SUPABASE_URL: optional(httpUrl(), {
    section: 'Supabase',
    about: 'URL of the project, as its API settings show it.',
    neededFor: 'the worker and the counts of `legisync status`',
  }),
  SUPABASE_SERVICE_ROLE_KEY: optional(serviceKey(), {
    section: 'Supabase',
    about: 'The service key: a JWT of three parts (service_role), or a key that begins with sb_secret_.',
    neededFor: 'the same as SUPABASE_URL',
    secret: true,
  }),
  SUPABASE_DB_URL: optional(
    secret(/^postgres(ql)?:\/\/\S+$/, 'must begin with postgres:// or postgresql://'),
    {
      section: 'Supabase',
      about:
        'Connection string of the database, as the role `postgres` (or the owner of public.files_queue).',
      neededFor: '`legisync migrate` only (or apply supabase/migrations with `supabase db push`)',
      secret: true,
    },
  ),
  LEGISYNC_BUCKET: preset(
    matching(/^[\w-][\w.-]{0,99}$/, 'must be a bucket name of at most 100 letters, digits, ".", "_", "-"'),
    {
      section: 'Supabase',
      about: 'Bucket that holds the documents.',
      default: 'agentbasic-legifrance-raw',
      change: 'documents are collected anew into the other bucket; rows of the old one are never touched',
    },
  ),
  LEGISYNC_STATUS_DONE: preset(statusValues(), {
    section: 'Supabase',
    about: 'Words in files_queue.status that mean "a Worker is done with it". Read by `legisync migrate`.',
    default: 'processed,done,completed,failed,error',
    change: 'a missing word lets rows with new content wait for ever; run `legisync migrate` after a change',
  }),
  LEGISYNC_STATUS_IN_PROGRESS: preset(statusValues(), {
    section: 'Supabase',
    about: 'Words in files_queue.status that mean "a Worker holds it now". Read by `legisync migrate`.',
    default: 'processing,in_progress,claimed',
    change:
      'a missing word has a Worker given a changed file once more than needed; run `legisync migrate` after a change',
  }),

  LEGISYNC_STATUS_FAILED: preset(statusValues(), {
    section: 'Supabase',
    about:
      'Those of LEGISYNC_STATUS_DONE that mean "given up"; claimed files that fail too often get the first that the table takes. Read by `legisync migrate`.',
    default: 'failed,error',
    change: 'run `legisync migrate` after a change',
  }),

  LEGISYNC_COLLECTIONS: optional(matching(/\S/, 'must be the path of a JSON file'), {
    section: 'What is collected',
    about:
      'Path of a JSON file with the collections; see docs/operations.md, "Several collections". It replaces the ' +
      'default ones, so LEGISYNC_MASSIVE and LEGISYNC_MAINTENANCE must then name collections of this file. ' +
      'Without it: `codes`, four codes by their tables of contents, and `urbanisme`, a search over codes and decisions.',
    change:
      'the name of a collection is a folder of the bucket: documents of a renamed one are collected anew',
  }),
  LEGISYNC_TASK_QUEUE: preset(matching(/^\S{1,200}$/, 'must be 1 to 200 characters without white space'), {
    section: 'What is collected',
    about: 'Temporal task queue between clients, schedules and workers.',
    default: 'legisync',
    change: 'workflows that run go on waiting on the old queue: stop them, then `legisync up`',
  }),
  LEGISYNC_ADOPT: preset(oneOf(['trust', 'refresh']), {
    section: 'What is collected',
    about: 'What to do with files that were in the bucket before legisync and carry no hash.',
    default: 'trust',
    bounds: 'trust (leave them alone) or refresh (collect them anew)',
    change:
      'refresh consults, uploads and queues each of them once: 1.4 million take five days of the default quota',
  }),
  LEGISYNC_CONSULT_CONCURRENCY: preset(integer(1, 50), {
    section: 'What is collected',
    about: 'Documents that one batch consults and uploads side by side.',
    default: '10',
    bounds: '1 to 50',
    change: 'more hides latency but never passes the quota; each holds a document (about 105 KB) in memory',
  }),

  LEGISYNC_MASSIVE: preset(collectionNames(), {
    section: 'MASSIVE',
    about: 'Collections that `legisync up` starts as MASSIVE, with commas between, or none.',
    default: 'codes',
  }),
  LEGISYNC_CONCURRENCY: preset(integer(LANES.min, LANES.max), {
    section: 'MASSIVE',
    about:
      'Lanes: batches of a collection in work at a time, when it is started for the first time. ' +
      'The first pause, resume or concurrency keeps their number in Postgres, for good.',
    default: String(LANES.default),
    bounds: `${LANES.min} to ${LANES.max}`,
    change: 'more lanes hide more latency; all of them share one quota',
  }),
  LEGISYNC_PASS_INTERVAL_SECONDS: preset(integer(1, 604_800), {
    section: 'MASSIVE',
    about: 'Rest between the end of a pass and the beginning of the next.',
    default: '900',
    unit: 'seconds',
    bounds: '1 to 604800 (a week)',
    change: 'enumerating costs about 2 % of a pass; shorter rests spend the quota on finding nothing new',
  }),

  LEGISYNC_MAINTENANCE: preset(collectionNames(), {
    section: 'MAINTENANCE',
    about:
      'Collections that have a schedule, with commas between, or none; each needs a source of kind search. ' +
      '`legisync schedules apply` carries it out.',
    default: 'urbanisme',
  }),
  LEGISYNC_MAINTENANCE_CRON: preset(cron(), {
    section: 'MAINTENANCE',
    about: 'When, as five cron fields in numbers: minute, hour, day of month, month, day of week.',
    default: '0 */2 * * *',
    change: 'each run costs up to the limit below in consults; a run that is still going delays the next one',
  }),
  LEGISYNC_MAINTENANCE_TIMEZONE: preset(timeZone(), {
    section: 'MAINTENANCE',
    about: 'IANA time zone of the cron line.',
    default: 'UTC',
    change: 'zones with summer time skip a run, or have one twice, on the days the clock changes',
  }),
  LEGISYNC_MAINTENANCE_LIMIT: preset(integer(1, 100), {
    section: 'MAINTENANCE',
    about: 'Documents that one run looks at again, at most.',
    default: '100',
    bounds: '1 to 100',
    change: 'fewer spend less of the quota and take longer to come round',
  }),
  LEGISYNC_MAINTENANCE_PAGE_SIZE: preset(integer(1, 100), {
    section: 'MAINTENANCE',
    about: 'Hits of one search page.',
    default: '50',
    bounds: '1 to 100 (the most that the API gives)',
    change: 'smaller pages need more requests for the same documents',
  }),
  LEGISYNC_MAINTENANCE_SINCE_DAYS: preset(integer(1, 3650), {
    section: 'MAINTENANCE',
    about: 'How far back the first run of a source with dates begins.',
    default: '30',
    unit: 'days',
    bounds: '1 to 3650',
    change: 'only the first run reads it: later ones go on from their watermark',
  }),

  ...queueSettings,

  LEGISYNC_QUOTA_PER_SECOND: preset(integer(1, 1_000), {
    section: 'Quota of the API',
    about: 'Requests in any sliding second, as PISTE shows it for the application.',
    default: '20',
    unit: 'requests',
    bounds: '1 to 1000',
    change: 'above the real quota the API answers 429, and the collection slows down instead of speeding up',
  }),
  LEGISYNC_QUOTA_PER_HOUR: preset(integer(1, 10_000_000), {
    section: 'Quota of the API',
    about: 'Requests in any sliding hour.',
    default: '24000',
    unit: 'requests',
    bounds: '1 to 10000000',
    change: 'as above; work stops until the hour has room again',
  }),
  LEGISYNC_QUOTA_PER_DAY: preset(integer(1, 100_000_000), {
    section: 'Quota of the API',
    about: 'Requests in any sliding day. 280,000 are 194 a minute, round the clock.',
    default: '280000',
    unit: 'requests',
    bounds: '1 to 100000000',
    change: 'as above; work stops until the day has room again',
  }),
  LEGISYNC_QUOTA_RESERVE_PERCENT: preset(integer(0, 50), {
    section: 'Quota of the API',
    about:
      'Part of the hour and of the day that is kept for MAINTENANCE; at least 110 requests of each, unless it is 0.',
    default: '2',
    unit: 'percent',
    bounds: '0 to 50',
    change: 'more slows MASSIVE down by as much; with 0 MASSIVE may leave MAINTENANCE waiting for half a day',
  }),
  LEGISYNC_QUOTA_PACING: preset(oneOf(['smooth', 'burst']), {
    section: 'Quota of the API',
    about: 'How the hour is spent.',
    default: 'smooth',
    bounds: 'smooth (evenly) or burst (at full speed, then wait)',
    change: 'burst brings documents sooner and then waits; what is kept for MAINTENANCE stays either way',
  }),

  LEGISYNC_SHUTDOWN_GRACE_SECONDS: preset(integer(1, 600), {
    section: 'Worker',
    about: 'Time that a stopping worker gives its work to finish or to be handed back.',
    default: '30',
    unit: 'seconds',
    bounds: '1 to 600',
    change: 'keep the stop timeout of systemd, Docker or Kubernetes longer than this, or work is done twice',
  }),
  LEGISYNC_LOG_LEVEL: preset(oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent']), {
    section: 'Worker',
    about: 'Least important log line that is written (JSON, to standard error).',
    default: 'info',
    bounds: 'trace, debug, info, warn, error or silent',
    change: 'debug writes two lines an activity',
  }),
  LEGISYNC_METRICS_ADDRESS: optional(hostAndPort(), {
    section: 'Worker',
    about:
      'Where the worker shows Prometheus metrics, host:port, such as 127.0.0.1:9464. Without it: nowhere.',
    change:
      'the page has no password: keep it on a private address; each worker of a machine needs its own port',
  }),
});

/** The settings, each under its name. */
export type Settings = z.output<typeof settingsSchema>;
export type SettingName = keyof Settings;
