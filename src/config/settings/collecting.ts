import { CONSULTS, LANES, MAX_BATCH, MAX_PAGE_SIZE } from '../../contract/limits.ts';
import { cron } from '../cron.ts';
import { settingsOf } from '../print/docs.ts';
import { collectionNames, matching, oneOf, timeZone } from '../rules.ts';

const collections = settingsOf('Collections');
const massive = settingsOf('MASSIVE');
const maintenance = settingsOf('MAINTENANCE');

export const collectingSettings = {
  LEGISYNC_COLLECTIONS: collections.optional(matching(/\S/, 'must be the path of a JSON file'), {
    about:
      'Path of a JSON file that defines the collections; see docs/operations.md, "Several collections". It replaces the ' +
      'default collections: LEGISYNC_MASSIVE is then by default all collections of the file, and LEGISYNC_MAINTENANCE those with a search. ' +
      'The default collections are `codes`, four codes by their tables of contents, and `urbanisme`, a search over codes and decisions.',
    change:
      'the name of a collection is a folder in the bucket: the documents of a renamed collection are collected again',
  }),
  LEGISYNC_TASK_QUEUE: collections.preset(
    matching(/^\S{1,200}$/, 'must be 1 to 200 characters without white space'),
    {
      about: 'Temporal task queue that clients, schedules and workers share.',
      default: 'legisync',
      change: 'running workflows stay on the old queue: stop them, then run `legisync up`',
    },
  ),
  LEGISYNC_ADOPT: collections.preset(oneOf(['trust', 'refresh']), {
    about:
      'What happens to pre-existing files: those that were in the bucket before legisync and have no hash.',
    default: 'trust',
    bounds: 'trust (leave them alone) or refresh (collect them again)',
    change:
      'refresh consults, uploads and queues each of them once: 1.4 million files take five days of the default quota',
  }),
  LEGISYNC_CONSULT_CONCURRENCY: collections.presetNumber(CONSULTS, {
    about: 'Documents that one batch consults and uploads at a time.',
    change:
      'a higher number hides latency but never exceeds the quota; each document takes about 105 KB of memory',
  }),

  LEGISYNC_MASSIVE: massive.preset(collectionNames(), {
    about: 'Collections that `legisync up` starts as MASSIVE, separated by commas, or none.',
    default: 'codes',
  }),
  LEGISYNC_LANES: massive.presetNumber(LANES, {
    about:
      'Lanes of a collection that is started for the first time: each works on one batch at a time. ' +
      'After the first `legisync massive pause`, `resume` or `lanes`, the number stored in Postgres applies instead.',
    change: 'more lanes hide more latency; all of them share one quota',
  }),
  LEGISYNC_PASS_INTERVAL_SECONDS: massive.presetNumber(
    { default: 900, min: 1, max: 604_800 },
    {
      about: 'Time between the end of a pass and the start of the next one.',
      unit: 'seconds',
      boundsNote: 'a week',
      change:
        'an enumeration costs about 2 % of a pass; a shorter time spends the quota on listings without changes',
    },
  ),

  LEGISYNC_MAINTENANCE: maintenance.preset(collectionNames(), {
    about:
      'Collections that have a schedule, separated by commas, or none; each needs a source of kind search. ' +
      'Applied by `legisync schedules apply`.',
    default: 'urbanisme',
  }),
  LEGISYNC_MAINTENANCE_CRON: maintenance.preset(cron(), {
    about:
      'Times of the runs, as five cron fields in numbers: minute, hour, day of month, month, day of week.',
    default: '0 */2 * * *',
    change:
      'each run consults up to LEGISYNC_MAINTENANCE_LIMIT documents; a run that is still in progress delays the next one',
  }),
  LEGISYNC_MAINTENANCE_TIMEZONE: maintenance.preset(timeZone(), {
    about: 'IANA time zone of the cron fields.',
    default: 'UTC',
    change: 'a zone with summer time skips or repeats a run when the clock changes',
  }),
  LEGISYNC_MAINTENANCE_LIMIT: maintenance.presetNumber(
    { default: MAX_BATCH, min: 1, max: MAX_BATCH },
    {
      about: 'Documents that one run re-checks at most.',
      change: 'a lower limit spends less of the quota, but takes longer to re-check every document',
    },
  ),
  LEGISYNC_MAINTENANCE_PAGE_SIZE: maintenance.presetNumber(
    { default: 50, min: 1, max: MAX_PAGE_SIZE },
    {
      about: 'Hits in one page of a search.',
      boundsNote: 'the maximum of the API',
      change: 'smaller pages need more requests for the same documents',
    },
  ),
  LEGISYNC_MAINTENANCE_SINCE_DAYS: maintenance.presetNumber(
    { default: 30, min: 1, max: 3_650 },
    {
      about: 'How far back the first run of a source with dates starts.',
      unit: 'days',
      change: 'only the first run reads it: later runs continue from their watermark',
    },
  ),
};
