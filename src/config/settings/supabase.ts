import { settingsOf } from '../print/docs.ts';
import { httpUrl, matching, secret, serviceKey, statusValues } from '../rules.ts';

const supabase = settingsOf('Supabase');

export const supabaseSettings = {
  SUPABASE_URL: supabase.optional(httpUrl(), {
    about: 'URL of the project, as its API settings show it.',
    neededFor:
      'the worker, for `legisync backfill`, `coherence` and `repair`, and for the counts of `legisync status`',
  }),
  SUPABASE_SERVICE_ROLE_KEY: supabase.optional(serviceKey(), {
    about: 'Service key: a JWT of three parts (service_role), or a key that begins with sb_secret_.',
    neededFor: 'everything that needs SUPABASE_URL',
    secret: true,
  }),
  SUPABASE_DB_URL: supabase.optional(
    secret(/^postgres(ql)?:\/\/\S+$/, 'must begin with postgres:// or postgresql://'),
    {
      about:
        'Connection string of the database, with the role `postgres` (or the owner of public.files_queue).',
      neededFor:
        '`legisync migrate` only. `supabase db push --remote` (`--linked` with CLI 2) applies supabase/migrations without it',
      secret: true,
    },
  ),
  LEGISYNC_BUCKET: supabase.preset(
    matching(/^[\w-][\w.-]{0,99}$/, 'must be a bucket name of at most 100 letters, digits, ".", "_", "-"'),
    {
      about: 'Bucket that holds the documents.',
      default: 'agentbasic-legifrance-raw',
      change:
        'all documents are collected again into the other bucket; rows of the old one are never touched',
    },
  ),
  LEGISYNC_STATUS_DONE: supabase.preset(statusValues(), {
    about:
      'Values of files_queue.status, separated by commas, that mean: a Worker has finished with the file. ' +
      'Read by `legisync migrate`.',
    default: 'processed,done,completed,failed,error',
    change:
      'if a value is missing, new content of such rows waits for ever; run `legisync migrate` after a change',
  }),
  LEGISYNC_STATUS_IN_PROGRESS: supabase.preset(statusValues(), {
    about:
      'Values of files_queue.status, separated by commas, that mean: a Worker is processing the file. ' +
      'Read by `legisync migrate`.',
    default: 'processing,in_progress,claimed',
    change:
      'if a value is missing, a Worker may get a changed file once more than needed; run `legisync migrate` after a change',
  }),
  LEGISYNC_STATUS_FAILED: supabase.preset(statusValues(), {
    about:
      'Values of LEGISYNC_STATUS_DONE that mean: given up. A claimed file that fails too often gets the first of them that the table accepts. ' +
      'Read by `legisync migrate`.',
    default: 'failed,error',
    change: 'run `legisync migrate` after a change',
  }),
  LEGISYNC_CLAIM_ATTEMPTS: supabase.presetNumber(
    { default: 5, min: 1, max: 100 },
    {
      about:
        'How often legisync_claim_files gives a file to a Worker before the file is given up. Read by `legisync migrate`.',
      unit: 'attempts',
      change:
        'a lower number gives up files whose Workers died by chance; a higher one lets a file that crashes Workers crash more of them; run `legisync migrate` after a change',
    },
  ),
  LEGISYNC_MAX_DELETE_PERCENT: supabase.presetNumber(
    { default: 50, min: 1, max: 100 },
    {
      about:
        'A statement is refused if it deletes more than 1,000 rows of files_queue and more than this share of the table. ' +
        "After `set local legisync.allow_emptying = 'files_queue'` a transaction may delete any number of rows. Read by `legisync migrate`.",
      unit: 'percent',
      boundsNote: '100: a statement is refused only if it would leave no row',
      change:
        'a lower share also refuses your own purges; a higher one lets a wrong statement delete more; run `legisync migrate` after a change',
    },
  ),
};
