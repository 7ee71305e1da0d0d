import type { Collection, SearchSource } from '../contract/collections.ts';
import { LegisyncError } from '../contract/failures.ts';
import { DAY_MS } from '../contract/timing.ts';
import type { FetchInput, FetchResult } from '../contract/collecting.ts';
import { bisect, reachOf, sliceTarget } from '../legifrance/listing/slicing.ts';
import type { DateWindow, SearchPage, SearchQuery } from '../legifrance/types.ts';
import type { MaintenanceCursor } from '../supabase/types.ts';
import type { ActivityDeps } from './deps.ts';
import type { Signals } from './liveness.ts';
import { isQuotaSpent } from './quotaSpent.ts';
import { concernsSlice, problemOf } from './serviceFailure.ts';

/**
 * How many documents were listed for the batch. The heartbeats carry it, so that the next attempt
 * lists only the rest of the limit.
 */
export interface ListingProgress {
  listed: number;
}

/**
 * MAINTENANCE: takes recent documents into the batch. Each search source continues where the last
 * run stopped, one page at a time, in turn, until the run's limit or the end of the sources.
 *
 * A source with dates is read upwards from its watermark, by the day on which a document entered
 * the fond. The boundary day is read again, because more documents may enter on it. Other sources
 * start again after their last page.
 *
 * Each listed document is consulted again, and its content hash decides. The rest of the batch is
 * filled with documents that are due. A source that fails does not stop the others.
 *
 * @throws LegisyncError `CONFIG_INVALID` without a search source; the failure of a source, if there
 * are no documents at all
 */
export async function listFresh(
  deps: ActivityDeps,
  collection: Collection,
  { batch, limit, sources }: FetchInput,
  { cancelled, stop }: Signals,
  progress: ListingProgress,
): Promise<FetchResult> {
  const searches = collection.sources.filter(
    (source): source is SearchSource => source.kind === 'search' && (sources?.includes(source.name) ?? true),
  );
  if (searches.length === 0) {
    throw new LegisyncError(
      'CONFIG_INVALID',
      `Collection "${collection.name}" has no search for MAINTENANCE to read.`,
    );
  }
  const size = Math.max(1, Math.min(deps.settings.maintenancePageSize, Math.floor(limit / searches.length)));
  let discovered = 0;
  let failure: LegisyncError | undefined;

  let reading = searches;
  while (reading.length > 0 && !stop.aborted) {
    const more: SearchSource[] = [];
    for (const source of reading) {
      if (limit - progress.listed < size || failure?.code === 'QUOTA_SPENT') break;
      try {
        const page = await nextPage(deps, collection.name, source, size, cancelled);
        const { documents } = page.hits;
        const listed = await deps.catalogue.takeListed(
          batch,
          source.name,
          documents,
          page.next,
          deps.settings.adopt,
        );
        discovered += listed.discovered;
        progress.listed += documents.length;
        if (!page.end) more.push(source);
      } catch (error) {
        if (!isQuotaSpent(error) && !concernsSlice(error)) throw error;
        failure = error;
        deps.log.warn({ source: source.name, code: error.code }, 'MAINTENANCE could not read a source');
      }
    }
    reading = more;
  }

  // The batch holds what was listed. It is uploaded now, or released.
  const ids = await deps.catalogue.takeDocuments(batch, limit);
  const batches = ids.length === 0 ? [] : [ids];
  if (failure?.code === 'QUOTA_SPENT') {
    const waitMs = failure.retryAfterMs;
    return { batches, discovered, reason: 'quota', waitMs, problem: problemOf(failure) };
  }
  if (failure === undefined) return { batches, discovered };
  if (ids.length > 0) return { batches, discovered, problem: problemOf(failure) };
  throw failure;
}

interface Page {
  readonly hits: SearchPage;
  readonly next: MaintenanceCursor;
  /** The source has no more documents for this run. */
  readonly end: boolean;
}

async function nextPage(
  deps: ActivityDeps,
  collection: string,
  source: SearchSource,
  size: number,
  cancelled: AbortSignal,
): Promise<Page> {
  const today = isoDay(deps.now());
  const since = isoDay(new Date(deps.now().getTime() - deps.settings.maintenanceSinceDays * DAY_MS));
  const cursor = (await deps.catalogue.maintenanceCursor(collection, source.name)) ?? { page: 1, size };
  const page = samePlace(cursor, size);
  if (source.fond === 'CODE_DATE') {
    const hits = await deps.legifrance.search(
      { fond: source.fond, query: source.query, day: today },
      page,
      size,
      cancelled,
    );
    if (hits.last) warnOfUnreached(deps, source, hits, size);
    return { hits, next: { page: hits.last ? 1 : page + 1, size }, end: hits.last };
  }
  let window: DateWindow = { from: cursor.from ?? since, to: cursor.to ?? today };
  for (;;) {
    const query: SearchQuery = {
      fond: source.fond,
      query: source.query,
      window: { ...window, field: 'added' },
      day: today,
    };
    const hits = await deps.legifrance.search(query, page, size, cancelled);
    const halves = page === 1 && hits.total > sliceTarget(size) ? bisect(window) : null;
    if (halves !== null) {
      window = halves[0];
      continue;
    }
    if (!hits.last) return { hits, next: { page: page + 1, size, ...window }, end: false };
    warnOfUnreached(deps, source, hits, size);
    // The boundary day is read again, by the next window or the next run. Except a past day that
    // fills a window alone: the next window would be cut down to that day again, without an end.
    const from = window.from === window.to && window.to < today ? dayAfter(window.to) : window.to;
    return { hits, next: { page: 1, size, from }, end: window.to >= today };
  }
}

/** Hits beyond the last page that the API shows are left to MASSIVE, which reads larger pages. */
function warnOfUnreached(deps: ActivityDeps, source: SearchSource, hits: SearchPage, size: number): void {
  if (hits.total <= reachOf(size)) return;
  deps.log.warn(
    { source: source.name, total: hits.total, reach: reachOf(size) },
    'MAINTENANCE cannot reach every hit of a search; narrow its query',
  );
}

/**
 * The page of `size` hits that contains the cursor's place. It may repeat some hits, but skips
 * none. If smaller pages do not reach that place, the source or its window is read from its
 * beginning.
 */
export function samePlace(cursor: MaintenanceCursor, size: number): number {
  const page = Math.floor(((cursor.page - 1) * cursor.size) / size) + 1;
  return page * size <= reachOf(size) ? page : 1;
}

function dayAfter(day: string): string {
  return isoDay(new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS));
}

function isoDay(date: Date): string {
  return date.toISOString().slice(0, 10);
}
