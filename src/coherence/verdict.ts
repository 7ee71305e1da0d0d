import type {
  CoherenceGaps,
  CoherenceLimits,
  CoherenceReading,
  CoherenceVerdict,
  FullReading,
} from '../contract/coherence.ts';

/** Something that is not as it should be: what it is, and what to type. */
interface Finding {
  readonly text: string;
  readonly next: string | null;
  /** Beyond the limits. */
  readonly grave: boolean;
}

/**
 * What a reading means. It never repairs: `next` is for a person to type.
 *
 * Missing files and stale rows have a limit in numbers, since Workers never see what they hold. Everything has one in
 * percent. The first finding decides what to type next: a backfill before anything else, since it also brings back what
 * a repair would then look at.
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

/** Counts cannot tell what differs: a full reading can. */
function counts(
  { storage, queue }: CoherenceReading,
  gaps: CoherenceGaps,
  limits: CoherenceLimits,
): Finding[] {
  const difference = storage.count - queue.count;
  const caution: Finding = {
    text: 'Counts only: missing and dangling may cancel each other out; `legisync coherence` tells.',
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
      `${markedButBack} ${of} are marked, and their file is back.`,
      REPAIR_DANGLING,
      // No Worker of ours takes them.
      markedButBack > missingLimit || share(markedButBack),
    ),
    ...found(
      stale,
      `${stale} ${of} stand for other content than their file has.`,
      REPAIR_STALE,
      stale > missingLimit || share(stale),
    ),
    ...found(
      dangling,
      `${dangling} ${of} have no file (${gaps.dangling ?? 0} %); ${danglingMarked} of them are marked.`,
      // What is marked already has been dealt with.
      unmarked === 0 ? null : REPAIR_DANGLING,
      // Marked rows are known, and no Worker of ours takes them: they alone raise no alarm every hour.
      share(unmarked),
    ),
    ...beingFilled(reading, limits),
    ...found(
      sizeMismatches,
      `${sizeMismatches} ${of} have another size than their file.`,
      REPAIR_STALE,
      share(sizeMismatches),
    ),
    ...found(
      reading.rowsWithoutSize,
      `${reading.rowsWithoutSize} ${of} have no size; legisync backfill --fill-sizes fills in those that Storage knows.`,
      null,
      false,
    ),
    ...found(
      reading.heldByOtherBucket,
      `${reading.heldByOtherBucket} files have their path held by a row of another bucket; legisync leaves those alone.`,
      null,
      false,
    ),
    ...otherwise(reading, gaps, gapPercent),
  ];
}

/** Documents that the lanes of a MASSIVE collection can have uploaded and not yet queued. */
const MAX_COLLECTED = 1_600;

const REPAIR_DANGLING = 'legisync repair dangling --dry-run';
const REPAIR_STALE = 'legisync repair stale --dry-run';

/** More files in flight than a collection can have: somebody else fills the bucket, and queues nothing. */
function beingFilled(
  { inFlight, files }: FullReading,
  { missingLimit, gapPercent }: CoherenceLimits,
): Finding[] {
  if (inFlight <= Math.max(missingLimit, MAX_COLLECTED) || percent(inFlight, files) <= gapPercent) return [];
  return [
    {
      text: `${inFlight} of ${files} files have no row, and are younger than the grace time: more than a collection has in flight.`,
      next: 'legisync backfill --dry-run',
      grave: true,
    },
  ];
}

/** A gap of the counts that nothing of the above is to blame for: rows of other buckets, placeholders, files in flight. */
function otherwise(reading: FullReading, gaps: CoherenceGaps, gapPercent: number): Finding[] {
  if (gaps.counts <= gapPercent) return [];
  const { rowsOfOtherBuckets, placeholders, inFlight, rowsInFlight } = reading;
  const text =
    `The counts of both tables differ by ${gaps.counts} %: ${rowsOfOtherBuckets} rows belong to other buckets, ` +
    `${placeholders} objects are placeholders, ${inFlight} files and ${rowsInFlight} rows are in flight.`;
  return [{ text, next: null, grave: false }];
}

/**
 * The team's own figure, `missing_in_queue`: objects of the bucket whose path has no row, whatever they are; and what of it
 * is not missing in our sense.
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
