import type { CodesSource, SearchSource, Source } from '../contract/collections.ts';
import { LegisyncError } from '../contract/failures.ts';
import { bisect, REACH, sliceTarget, wholeWindow } from '../legifrance/slicing.ts';
import type { DateWindow, SearchPage, SearchQuery } from '../legifrance/types.ts';
import type { Slice, SliceKey } from '../supabase/types.ts';
import type { ActivityDeps } from './deps.ts';
import type { Signals } from './liveness.ts';

/** The API's own maximum: the fewer pages, the fewer requests. */
const PAGE_SIZE = 100;

/** Pages of a search in one step: about half a second of the whole quota. */
const PAGES_PER_STEP = 10;

/** Ids written in one statement: 2,000 take about 100 ms, far below any statement timeout. */
const REGISTER_CHUNK = 2_000;

/** Failures in a row after which a slice is parked until the next pass: with the delays below, about 40 minutes. */
const MAX_ATTEMPTS = 12;
const FIRST_DELAY_SECONDS = 5;
const MAX_DELAY_SECONDS = 300;

/** After MAINTENANCE (0 and 1), and without its reserve; before the consults of MASSIVE, which wait for listings. */
const RANK = 2;

/**
 * The slice of what no window of days shows: documents without a date, or with one that cannot be. Beside the halves of a
 * whole source, which together show only what is dated within them.
 */
const UNDATED: SliceKey = { to: '1799-12-31' };

/** Failures that may be the slice's own; others concern the whole service and end the activity's attempt. */
export const SLICE_FAILURES: ReadonlySet<string> = new Set([
  'LEGIFRANCE_REJECTED',
  'LEGIFRANCE_UNAVAILABLE',
  'DOCUMENT_NOT_FOUND',
  'DOCUMENT_MALFORMED',
]);

/**
 * One step of a slice's enumeration: its ids into the catalogue. A slice that fails is given back for later, or parked
 * with its reason; the others go on.
 *
 * @returns how many documents were new
 */
export async function enumerateStep(
  deps: ActivityDeps,
  source: Source | undefined,
  slice: Slice,
  signals: Signals,
): Promise<number> {
  if (source === undefined) {
    const message = `Source "${slice.source}" is no longer configured.`;
    await deps.catalogue.failSlice(slice, { code: 'CONFIG_INVALID', message, retrySeconds: null });
    return 0;
  }
  /** How far a search got: what fails then is not the same failure again, and what was found stays found. */
  const progress: SearchProgress = { moved: false, discovered: 0 };
  try {
    if (source.kind === 'codes') return await codesStep(deps, source, slice, signals.cancelled);
    if (isUndated(slice)) return await undatedStep(deps, source, slice, signals.cancelled);
    await searchStep(deps, source, slice, signals, progress);
    return progress.discovered;
  } catch (error) {
    if (!(error instanceof LegisyncError) || !SLICE_FAILURES.has(error.code)) throw error;
    const attempts = progress.moved ? 0 : slice.attempts;
    const final = error.code === 'LEGIFRANCE_REJECTED' || attempts + 1 >= MAX_ATTEMPTS;
    const delay = Math.min(FIRST_DELAY_SECONDS * 2 ** attempts, MAX_DELAY_SECONDS);
    const retrySeconds = final ? null : Math.max(delay, (error.retryAfterMs ?? 0) / 1000);
    const failed = { ...slice, attempts };
    await deps.catalogue.failSlice(failed, { code: error.code, message: error.message, retrySeconds });
    deps.log.warn(
      { source: slice.source, key: slice.key, code: error.code, parked: final },
      'a slice failed',
    );
    return progress.discovered;
  }
}

/** The whole source becomes one slice a code; a code is one table of contents. */
async function codesStep(
  deps: ActivityDeps,
  source: CodesSource,
  slice: Slice,
  cancelled: AbortSignal,
): Promise<number> {
  if (slice.key.code === undefined) {
    const inForce = new Set((await deps.legifrance.listCodes(cancelled, RANK)).map((code) => code.id));
    const wanted = source.codes ?? [...inForce];
    for (const code of wanted.filter((id) => !inForce.has(id))) {
      deps.log.warn(
        { source: source.name, code },
        'a configured code is not in force; its table of contents is asked all the same',
      );
    }
    await deps.catalogue.splitSlice(
      slice,
      wanted.map((code) => ({ code })),
    );
    return 0;
  }
  const documents = await deps.legifrance.tableOfContents(slice.key.code, today(deps), cancelled, RANK);
  let discovered = 0;
  for (let from = 0; ; from += REGISTER_CHUNK) {
    const end = from + REGISTER_CHUNK >= documents.length;
    const chunk = documents.slice(from, from + REGISTER_CHUNK);
    const step = { page: 1, end, single: true, release: false };
    discovered += (await deps.catalogue.registerSlice(slice, chunk, step, deps.settings.adopt)).discovered;
    if (end) return discovered;
  }
}

interface SearchProgress {
  moved: boolean;
  discovered: number;
}

/** Pages of a search; a search that holds more than can be reached is cut in two by date. */
async function searchStep(
  deps: ActivityDeps,
  source: SearchSource,
  slice: Slice,
  { cancelled, stop }: Signals,
  progress: SearchProgress,
): Promise<void> {
  const window = windowOf(slice);
  const query = queryOf(deps, source, window);
  const halves = halvesOf(deps, source, window);
  for (let page = slice.page; ; page += 1) {
    const hits = await deps.legifrance.search(query, page, PAGE_SIZE, cancelled, RANK);
    const large = page === 1 && hits.total > sliceTarget(PAGE_SIZE);
    if (halves !== null && (large || hits.overfull)) {
      await deps.catalogue.splitSlice(slice, window === undefined ? [...halves, UNDATED] : halves);
      return;
    }
    const last = hits.last || page - slice.page + 1 >= PAGES_PER_STEP || stop.aborted;
    const release = last && !hits.overfull;
    const step = { page: page + 1, end: hits.last && !hits.overfull, single: false, release };
    const registered = await deps.catalogue.registerSlice(slice, hits.documents, step, deps.settings.adopt);
    progress.discovered += registered.discovered;
    progress.moved = true;
    // Read to the last page that can be reached, and parked: what was listed is collected all the same.
    if (hits.overfull) throw unreachable(source, hits);
    // Complete before its end: another lane has taken it over and finished it.
    if (release || registered.complete) return;
  }
}

/** The two windows that a slice is cut into; null where it cannot be cut. */
function halvesOf(
  deps: ActivityDeps,
  source: SearchSource,
  window: DateWindow | undefined,
): readonly DateWindow[] | null {
  // CODE_DATE filters by a point in time, not by a range: there is nothing to bisect.
  return source.fond === 'CODE_DATE' ? null : bisect(window ?? wholeWindow(today(deps)));
}

function unreachable(source: SearchSource, { total }: SearchPage): LegisyncError {
  return new LegisyncError(
    'LEGIFRANCE_REJECTED',
    `The last page that can be reached (${REACH} results) is full, though the search says that it holds ${total}, and ` +
      `the slice cannot be cut by date; narrow the query of "${source.name}".`,
  );
}

/**
 * Counts what the windows of a source that was cut by date leave out. Such documents cannot be reached: the slice is
 * parked with their number, so that nobody takes the source for complete.
 */
async function undatedStep(
  deps: ActivityDeps,
  source: SearchSource,
  slice: Slice,
  cancelled: AbortSignal,
): Promise<number> {
  const totalOf = async (window?: DateWindow): Promise<number> =>
    (await deps.legifrance.search(queryOf(deps, source, window), 1, 1, cancelled, RANK)).total;
  const window = wholeWindow(today(deps));
  const total = await totalOf();
  const undated = total - (await totalOf(window));
  if (undated > 0) {
    throw new LegisyncError(
      'LEGIFRANCE_REJECTED',
      `${undated} of ${total} results have no date from ${window.from} to ${window.to}, and cannot be reached by date; ` +
        `narrow the query of "${source.name}" until it finds ${sliceTarget(PAGE_SIZE)} at most.`,
    );
  }
  const step = { page: 1, end: true, single: true, release: true };
  await deps.catalogue.registerSlice(slice, [], step, deps.settings.adopt);
  return 0;
}

function queryOf(deps: ActivityDeps, source: SearchSource, window: DateWindow | undefined): SearchQuery {
  return {
    fond: source.fond,
    query: source.query,
    window: window && { ...window, field: 'decided' },
    day: today(deps),
  };
}

function isUndated({ key }: Slice): boolean {
  return key.code === undefined && key.from === undefined && key.to !== undefined;
}

function windowOf({ key }: Slice): DateWindow | undefined {
  return key.from === undefined || key.to === undefined ? undefined : { from: key.from, to: key.to };
}

function today(deps: ActivityDeps): string {
  return deps.now().toISOString().slice(0, 10);
}
