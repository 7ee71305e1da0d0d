import type { SearchSource } from '../../contract/collections.ts';
import { LegisyncError } from '../../contract/failures.ts';
import { MAX_PAGE_SIZE as PAGE_SIZE, RANK } from '../../contract/limits.ts';
import { bisect, REACH, sliceTarget, wholeWindow } from '../../legifrance/listing/slicing.ts';
import type { DateWindow, SearchPage, SearchQuery } from '../../legifrance/types.ts';
import type { SliceKey } from '../../supabase/types.ts';
import { registerPage, today, type SliceWork } from './sliceWork.ts';

/** Pages of a search in one step: about half a second of the whole quota. */
const PAGES_PER_STEP = 10;

/** Lists pages of a search. Cuts a search with more hits than can be reached in two, by date. */
export async function listSearch(
  work: SliceWork,
  source: SearchSource,
  window: DateWindow | undefined,
): Promise<void> {
  const { deps, batch, slice, signals } = work;
  const query = queryOf(work, source, window);
  const halves = halvesOf(work, source, window);
  for (let page = slice.page; ; page += 1) {
    const hits = await deps.legifrance.search(query, page, PAGE_SIZE, signals.cancelled, RANK.massiveListing);
    const large = page === 1 && hits.total > sliceTarget(PAGE_SIZE);
    if (halves !== null && (large || hits.overfull)) {
      await deps.catalogue.splitSlice(batch, slice, splitKeys(halves, window));
      return;
    }
    const enough = page - slice.page + 1 >= PAGES_PER_STEP || signals.stop.aborted;
    const action = actionAfter(hits, enough);
    const outcome = await registerPage(work, { page, documents: hits.documents, action });
    if (outcome === 'lost') return;
    // The last page that can be reached. The slice is parked; what it has listed is collected.
    if (hits.overfull) throw unreachable(source, hits);
    if (action !== 'continue') return;
  }
}

function actionAfter({ last, overfull }: SearchPage, enough: boolean): 'continue' | 'release' | 'round' {
  // The batch keeps the slice, to park it.
  if (overfull) return 'continue';
  if (last) return 'round';
  return enough ? 'release' : 'continue';
}

/** The two windows of a slice that is cut; null if it cannot be cut. */
function halvesOf(
  work: SliceWork,
  source: SearchSource,
  window: DateWindow | undefined,
): readonly DateWindow[] | null {
  // CODE_DATE filters by a point in time, not by a range, so it cannot be bisected.
  return source.fond === 'CODE_DATE' ? null : bisect(window ?? wholeWindow(today(work)));
}

/**
 * Windows contain only documents with a date. When a whole source is cut, its undated documents are
 * a slice of their own.
 */
function splitKeys(halves: readonly DateWindow[], window: DateWindow | undefined): readonly SliceKey[] {
  const windows = halves.map(({ from, to }) => ({ kind: 'window', from, to }) as const);
  return window === undefined ? [...windows, { kind: 'undated' }] : windows;
}

function unreachable(source: SearchSource, { total }: SearchPage): LegisyncError {
  return new LegisyncError(
    'LEGIFRANCE_REJECTED',
    `The last page that can be reached (${REACH} results) is full, though the search reports a total of ${total}, and ` +
      `the slice cannot be cut by date. Narrow the query of "${source.name}".`,
  );
}

/**
 * Counts the documents that are in none of the windows of a source that was cut by date. They
 * cannot be reached. The slice is parked with their number, so that the source does not look
 * complete.
 */
export async function countUndated(work: SliceWork, source: SearchSource): Promise<void> {
  const { deps, signals } = work;
  const totalOf = async (window?: DateWindow): Promise<number> =>
    (
      await deps.legifrance.search(
        queryOf(work, source, window),
        1,
        1,
        signals.cancelled,
        RANK.massiveListing,
      )
    ).total;
  const window = wholeWindow(today(work));
  const total = await totalOf();
  const undated = total - (await totalOf(window));
  if (undated > 0) {
    throw new LegisyncError(
      'LEGIFRANCE_REJECTED',
      `${undated} of ${total} results have no date from ${window.from} to ${window.to}, and cannot be reached by date. ` +
        `Narrow the query of "${source.name}" until it finds at most ${sliceTarget(PAGE_SIZE)}.`,
    );
  }
  await registerPage(work, { page: 1, documents: [], action: 'whole' });
}

function queryOf(work: SliceWork, source: SearchSource, window: DateWindow | undefined): SearchQuery {
  return {
    fond: source.fond,
    query: source.query,
    window: window && { from: window.from, to: window.to, field: 'decided' },
    day: today(work),
  };
}
