import type { Collection, SearchSource } from '../contract/collections.ts';
import { LegisyncError } from '../contract/failures.ts';
import type { FetchInput, FetchResult } from '../contract/messages.ts';
import { bisect, SLICE_TARGET } from '../legifrance/slicing.ts';
import type { DateWindow, SearchPage } from '../legifrance/types.ts';
import type { MaintenanceCursor } from '../supabase/types.ts';
import type { ActivityDeps } from './deps.ts';

const DAY_MS = 86_400_000;

/**
 * MAINTENANCE: what is fresh. Each search source is read on from where the last run stopped, a page at a time, in turn,
 * until the run's limit or the end. Sources with dates go from their watermark upwards, and the boundary day is read
 * again, since more may have come on it; others go round and round. Each listed document is consulted again, and its
 * hash decides. What room is left goes to documents that are due anyway.
 */
export async function listFresh(
  deps: ActivityDeps,
  collection: Collection,
  { batch, limit, sources }: FetchInput,
  stop: AbortSignal,
): Promise<FetchResult> {
  let searches = collection.sources.filter(
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
  let room = limit;
  try {
    while (searches.length > 0 && !stop.aborted) {
      const more: SearchSource[] = [];
      for (const source of searches) {
        if (room < size) break;
        const page = await nextPage(deps, collection.name, source, size, stop);
        const listed = await deps.catalogue.takeListed(
          batch,
          source.name,
          page.hits.documents,
          page.next,
          deps.settings.adopt,
        );
        discovered += listed.discovered;
        room -= page.hits.documents.length;
        if (!page.end) more.push(source);
      }
      searches = room < size ? [] : more;
    }
  } catch (error) {
    // What was listed so far is claimed: it goes on to the upload, which waits or hands it back.
    if (!(error instanceof LegisyncError && error.code === 'QUOTA_SPENT')) throw error;
  }
  return { ids: await deps.catalogue.takeDocuments(batch, limit), discovered };
}

interface Page {
  readonly hits: SearchPage;
  readonly next: MaintenanceCursor;
  /** The source has nothing more for this run. */
  readonly end: boolean;
}

async function nextPage(
  deps: ActivityDeps,
  collection: string,
  source: SearchSource,
  size: number,
  stop: AbortSignal,
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
      stop,
    );
    return { hits, next: { page: hits.last ? 1 : page + 1, size }, end: hits.last };
  }
  let window: DateWindow = { from: cursor.from ?? since, to: cursor.to ?? today };
  for (;;) {
    const query = { fond: source.fond, query: source.query, window, day: today };
    const hits = await deps.legifrance.search(query, page, size, stop);
    const halves = page === 1 && hits.total > SLICE_TARGET ? bisect(window) : null;
    if (halves !== null) {
      window = halves[0];
      continue;
    }
    if (!hits.last) return { hits, next: { page: page + 1, size, ...window }, end: false };
    // The boundary day is read again, by the next window or the next run.
    return { hits, next: { page: 1, size, from: window.to }, end: window.to >= today };
  }
}

/** The page of `size` hits on which the cursor's place lies: rather some hits again than one skipped. */
function samePlace(cursor: MaintenanceCursor, size: number): number {
  return Math.floor(((cursor.page - 1) * cursor.size) / size) + 1;
}

function isoDay(date: Date): string {
  return date.toISOString().slice(0, 10);
}
