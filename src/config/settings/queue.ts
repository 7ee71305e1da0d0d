import { CHUNK } from '../../contract/limits.ts';
import { GRACE_SECONDS } from '../../contract/timing.ts';
import { cronOrNone } from '../cron.ts';
import { settingsOf } from '../print/docs.ts';

const queue = settingsOf('Backfill and coherence');

export const queueSettings = {
  LEGISYNC_BACKFILL_CHUNK: queue.presetNumber(
    { default: CHUNK.default, min: CHUNK.min, max: CHUNK.max },
    {
      about: 'Files that one chunk of a backfill reads, in one transaction.',
      unit: 'files',
      change:
        'larger chunks need fewer round trips, but lock and repeat more; a chunk that takes too long is halved automatically',
    },
  ),
  LEGISYNC_COHERENCE_CRON: queue.preset(cronOrNone(), {
    about:
      'Times at which Storage and files_queue are compared, as five cron fields in numbers, in UTC; or none. ' +
      'Applied by `legisync schedules apply`.',
    default: '30 * * * *',
    change: 'each comparison reads both tables: 5 to 8 seconds with 1.4 million files',
  }),
  LEGISYNC_GRACE_SECONDS: queue.presetNumber(GRACE_SECONDS, {
    about:
      'A file without a row is "in flight", not missing, until this long after it was written. ' +
      '`legisync migrate` reads it, too, for the views `legisync.missing`, `legisync.dangling` and `legisync.stale`.',
    unit: 'seconds',
    boundsNote: 'a day',
    change:
      'if it is shorter than the time from upload to row, files in flight are reported as missing; run `legisync migrate` after a change',
  }),
  LEGISYNC_MISSING_LIMIT: queue.presetNumber(
    { default: 1_000, min: 0, max: 1_000_000_000 },
    {
      about: 'With more missing files or stale rows than this, the coherence check reports `desynchronised`.',
      unit: 'files',
    },
  ),
  LEGISYNC_REQUEUE_HOURS: queue.presetNumber(
    { default: 24, min: 1, max: 8_760 },
    {
      about:
        'The coherence check reports rows whose new content has waited longer than this for a Worker to finish the old one.',
      unit: 'hours',
      boundsNote: 'a year',
    },
  ),
  LEGISYNC_GAP_PERCENT: queue.presetNumber(
    { default: 10, min: 0, max: 100 },
    {
      about:
        'With a larger gap between Storage and files_queue than this, the coherence check reports `desynchronised`.',
      unit: 'percent',
    },
  ),
};
