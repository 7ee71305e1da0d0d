import { cronOrNone } from './cron.ts';
import { preset } from './print/docs.ts';
import { integer } from './rules.ts';

/** What concerns files_queue as a whole: putting it right, and knowing that it is. */
export const queueSettings = {
  LEGISYNC_BACKFILL_CHUNK: preset(integer(1_000, 1_000_000), {
    section: 'Backfill and coherence',
    about: 'Files that one step of a backfill looks at, in one transaction.',
    default: '100000',
    unit: 'files',
    bounds: '1000 to 1000000',
    change:
      'larger chunks save round trips, and lock and repeat more; a chunk that takes too long is halved by itself',
  }),
  LEGISYNC_COHERENCE_CRON: preset(cronOrNone(), {
    section: 'Backfill and coherence',
    about:
      'When Storage and files_queue are compared, as five cron fields in numbers, in UTC; or none. ' +
      '`legisync schedules apply` carries it out.',
    default: '30 * * * *',
    change: 'a full comparison reads both tables: 5 to 8 seconds with 1.4 million files',
  }),
  LEGISYNC_GRACE_SECONDS: preset(integer(0, 86_400), {
    section: 'Backfill and coherence',
    about:
      'A file without a row is "in flight", and not yet missing, for so long after it was written. ' +
      'Read by `legisync migrate`, too, for the views `legisync.missing`, `legisync.dangling` and `legisync.stale`.',
    default: '900',
    unit: 'seconds',
    bounds: '0 to 86400 (a day)',
    change:
      'shorter than the way from upload to row, files in flight are reported as missing; run `legisync migrate` after a change',
  }),
  LEGISYNC_MISSING_LIMIT: preset(integer(0, 1_000_000_000), {
    section: 'Backfill and coherence',
    about: 'More missing files than this, and the coherence check asks for a backfill.',
    default: '1000',
    unit: 'files',
    bounds: '0 to 1000000000',
  }),
  LEGISYNC_CLAIM_ATTEMPTS: preset(integer(1, 100), {
    section: 'Supabase',
    about:
      'How often a file is handed to a Worker by legisync_claim_files before it is given up. Read by `legisync migrate`.',
    default: '5',
    unit: 'attempts',
    bounds: '1 to 100',
    change:
      'few attempts give up files for which Workers died by chance, many let a file that kills Workers kill more of them; run `legisync migrate` after a change',
  }),
  LEGISYNC_MAX_DELETE_PERCENT: preset(integer(1, 100), {
    section: 'Supabase',
    about:
      'A statement that deletes more than 1,000 rows of files_queue, and more than this share of the table, is refused. ' +
      "A transaction that says `set local legisync.allow_emptying = 'files_queue'` may delete as many as it likes. Read by `legisync migrate`.",
    default: '50',
    unit: 'percent',
    bounds: '1 to 100 (100: only what would leave no row is refused)',
    change:
      'a lower share also refuses purges of your own, a higher one lets a wrong statement delete more; run `legisync migrate` after a change',
  }),
  LEGISYNC_GAP_PERCENT: preset(integer(0, 100), {
    section: 'Backfill and coherence',
    about: 'A larger gap between Storage and files_queue than this, and the coherence check raises it.',
    default: '10',
    unit: 'percent',
    bounds: '0 to 100',
  }),
};
