import type {
  CoherenceGaps,
  CoherenceLimits,
  CoherenceReading,
  CoherenceVerdict,
  FullReading,
} from '../contract/coherence.ts';
import { LANES, MAX_BATCH } from '../contract/limits.ts';

/** A difference, and the command for it. */
interface Finding {
  readonly text: string;
  readonly next: string | null;
  /** Above the limits. */
  readonly grave: boolean;
}

/**
 * The verdict on a reading. It repairs nothing: a person types `next`.
 *
 * Missing files and stale rows have a limit in numbers, because Workers never see their content.
 * All differences have a limit in percent. The first finding decides `next`. A backfill comes
 * first, because it also adds rows that a repair has to read.
 */
export function judge(reading: CoherenceReading, limits: CoherenceLimits): CoherenceVerdict {
  const gaps = gapsOf(reading);
  const findings = reading.kind === 'full' ? full(reading, gaps, limits) : counts(reading, gaps, limits);
  const grave = findings.filter((finding) => finding.grave);
  const [first] = grave.length > 0 ? grave : findings.filter(({ next }) => next !== null);
  return {
    state: grave.length > 0 ? 'desynchronised' : 'coherent',
    reasons: grave.map(({ text }) => text),
    notes: findings.filter((finding) => !finding.grave).map(({ text }) => text),
    next: first?.next ?? null,
    gaps,
  };
}

function gapsOf(reading: CoherenceReading): CoherenceGaps {
  const { storage, queue } = reading;
  const full = reading.kind === 'full' ? reading : undefined;
  return {
    counts: percent(Math.abs(storage.count - queue.count), storage.count),
    missing: full === undefined ? null : percent(full.missing, full.files),
    dangling: full === undefined ? null : percent(full.dangling, full.rows),
  };
}

function percent(part: number, whole: number): number {
  if (whole === 0) return part === 0 ? 0 : 100;
  return Math.round((10_000 * part) / whole) / 100;
}

/** Findings of a cheap reading. Only a full reading tells which files and rows differ. */
function counts(
  { storage, queue }: CoherenceReading,
  gaps: CoherenceGaps,
  limits: CoherenceLimits,
): Finding[] {
  const difference = storage.count - queue.count;
  const caution: Finding = {
    text: 'Counts only: missing and dangling may cancel each other out. `legisync coherence` checks both.',
    next: null,
    grave: false,
  };
  if (difference === 0) return [caution];
  const grave = gaps.counts > limits.gapPercent || difference > limits.missingLimit;
  return [
    {
      text: `Storage has ${storage.count} objects and files_queue ${queue.count} rows: a gap of ${gaps.counts} %.`,
      next: grave ? 'legisync coherence' : null,
      grave,
    },
    caution,
  ];
}

function full(reading: FullReading, gaps: CoherenceGaps, limits: CoherenceLimits): Finding[] {
  const { missingLimit, gapPercent } = limits;
  const { files, rows } = reading;
  const found = (count: number, text: string, next: string | null, grave: boolean): Finding[] =>
    count === 0 ? [] : [{ text, next, grave }];
  const share = (count: number): boolean => percent(count, rows) > gapPercent;
  const { missing, dangling, danglingMarked, markedButBack, stale, sizeMismatches } = reading;
  const unmarked = dangling - danglingMarked;
  const of = `of ${rows} rows`;
  return [
    ...found(
      missing,
      `${missing} of ${files} files have no row (${gaps.missing ?? 0} %).`,
      'legisync backfill --dry-run',
      missing > missingLimit || (gaps.missing ?? 0) > gapPercent,
    ),
    ...found(
      markedButBack,
      `${markedButBack} ${of} are marked as dangling, but their file is back.`,
      REPAIR_DANGLING,
      // No Worker takes them.
      markedButBack > missingLimit || share(markedButBack),
    ),
    ...found(
      stale,
      `${stale} ${of} describe another content than their file has.`,
      REPAIR_STALE,
      stale > missingLimit || share(stale),
    ),
    ...found(
      dangling,
      `${dangling} ${of} have no file (${gaps.dangling ?? 0} %); ${danglingMarked} of them are marked.`,
      // Marked rows have been repaired.
      unmarked === 0 ? null : REPAIR_DANGLING,
      // Marked rows are known, and no Worker takes them: they alone raise no alarm every hour.
      share(unmarked),
    ),
    ...beingFilled(reading, limits),
    ...waitingForWorkers(reading, limits),
    ...found(
      sizeMismatches,
      `${sizeMismatches} ${of} have another size than their file.`,
      REPAIR_STALE,
      share(sizeMismatches),
    ),
    ...found(
      reading.rowsWithoutSize,
      `${reading.rowsWithoutSize} ${of} have no size. legisync backfill --fill-sizes fills in those that Storage knows.`,
      null,
      false,
    ),
    ...found(
      reading.heldByOtherBucket,
      `${reading.heldByOtherBucket} paths are held by a row of another bucket. legisync leaves these rows alone.`,
      null,
      false,
    ),
    ...gapOfCounts(reading, gaps, gapPercent),
  ];
}

/** Documents that the lanes of a MASSIVE collection can have uploaded but not queued. */
const MAX_COLLECTED = LANES.max * MAX_BATCH;

const REPAIR_DANGLING = 'legisync repair dangling --dry-run';
const REPAIR_STALE = 'legisync repair stale --dry-run';

/**
 * More files in flight than a collection can have: another program fills the bucket and queues
 * nothing.
 */
function beingFilled(
  { inFlight, files }: FullReading,
  { missingLimit, gapPercent }: CoherenceLimits,
): Finding[] {
  if (inFlight <= Math.max(missingLimit, MAX_COLLECTED) || percent(inFlight, files) <= gapPercent) return [];
  return [
    {
      text: `${inFlight} of ${files} files have no row and are younger than the grace time: more than a collection has in flight.`,
      next: 'legisync backfill --dry-run',
      grave: true,
    },
  ];
}

/**
 * Rows whose new content no Worker sees, because the Worker of the old one does not finish: it died,
 * or it finishes with a status value that legisync does not know.
 */
function waitingForWorkers(
  { requeued: { count, since, statuses }, at }: FullReading,
  { missingLimit, requeueHours }: CoherenceLimits,
): Finding[] {
  const hours = since === null ? 0 : (Date.parse(at) - Date.parse(since)) / 3_600_000;
  if (hours <= requeueHours) return [];
  const by = Object.entries(statuses)
    .map(([status, n]) => `${status} ${n}`)
    .join(', ');
  return [
    {
      text:
        `${count} rows wait with new content until a Worker finishes the old one, the first for ${Math.floor(hours)} h. ` +
        `By status: ${by}. If one of these means finished, add it to LEGISYNC_STATUS_DONE and run legisync migrate; ` +
        'else set the rows of a dead Worker to pending.',
      next: null,
      grave: count > missingLimit,
    },
  ];
}

/** Explains a gap of the counts by rows of other buckets, placeholders, and what is in flight. */
function gapOfCounts(reading: FullReading, gaps: CoherenceGaps, gapPercent: number): Finding[] {
  if (gaps.counts <= gapPercent) return [];
  const { rowsOfOtherBuckets, placeholders, inFlight, rowsInFlight } = reading;
  const text =
    `The counts of both tables differ by ${gaps.counts} %: ${rowsOfOtherBuckets} rows belong to other buckets, ` +
    `${placeholders} objects are placeholders, ${inFlight} files and ${rowsInFlight} rows are in flight.`;
  return [{ text, next: null, grave: false }];
}

/**
 * The team's figure `missing_in_queue`: all objects of the bucket whose path has no row.
 * `difference` explains how it differs from `missing`.
 */
export function missingInQueue(reading: FullReading): {
  readonly count: number;
  readonly difference: string;
} {
  const { missing, inFlight, placeholdersWithoutRow, heldByOtherBucket } = reading;
  const reasons = [
    ...(placeholdersWithoutRow === 0 ? [] : [`${placeholdersWithoutRow} placeholders`]),
    ...(inFlight === 0 ? [] : [`${inFlight} files in flight`]),
  ];
  const more = reasons.length === 0 ? 'the same' : `with ${reasons.join(' and ')}`;
  const held = heldByOtherBucket === 0 ? '' : `; without ${heldByOtherBucket} files held by another bucket`;
  return { count: missing + inFlight + placeholdersWithoutRow, difference: `${more}${held}` };
}
