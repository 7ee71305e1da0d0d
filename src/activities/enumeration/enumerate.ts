import type { Source } from '../../contract/collections.ts';
import { LegisyncError } from '../../contract/failures.ts';
import type { BatchRef } from '../../contract/collecting.ts';
import type { Slice } from '../../supabase/types.ts';
import type { ActivityDeps } from '../deps.ts';
import { listCode, splitIntoCodes } from './codes.ts';
import { countUndated, listSearch } from './search.ts';
import type { Signals } from '../liveness.ts';
import type { SliceWork } from './sliceWork.ts';

/** Failures in a row after which a slice is parked until the next pass: with the delays below, about 40 minutes. */
const MAX_ATTEMPTS = 12;
const FIRST_DELAY_SECONDS = 5;
const MAX_DELAY_SECONDS = 300;

/** Failures that may be the slice's own; others concern the whole service and end the activity's attempt. */
export const SLICE_FAILURES: ReadonlySet<string> = new Set([
  'LEGIFRANCE_REJECTED',
  'LEGIFRANCE_UNAVAILABLE',
  'DOCUMENT_NOT_FOUND',
  'DOCUMENT_MALFORMED',
]);

/**
 * One step of a slice's enumeration: its ids into the catalogue. A slice that fails is given back
 * for later, or parked with its reason; the others go on. A slice that another batch has by now is
 * left alone.
 *
 * @returns how many documents were new
 * @throws LegisyncError for a failure that concerns the whole service: the batch still has the
 * slice then
 */
export async function enumerateStep(
  deps: ActivityDeps,
  batch: BatchRef,
  slice: Slice,
  source: Source | undefined,
  signals: Signals,
): Promise<number> {
  const work: SliceWork = { deps, batch, slice, signals, progress: { moved: false, discovered: 0 } };
  try {
    await listSlice(work, source);
  } catch (error) {
    if (!(error instanceof LegisyncError) || !SLICE_FAILURES.has(error.code)) throw error;
    await recordFailure(work, error);
  }
  return work.progress.discovered;
}

/** Sources may be configured in another way than when the pass began. */
async function listSlice(work: SliceWork, source: Source | undefined): Promise<void> {
  const { deps, batch, slice } = work;
  const { key } = slice;
  if (source?.kind === 'codes') {
    if (key.kind === 'source') return splitIntoCodes(work, source);
    if (key.kind === 'code') return listCode(work, key.code);
  }
  if (source?.kind === 'search') {
    if (key.kind === 'source') return listSearch(work, source, undefined);
    if (key.kind === 'window') return listSearch(work, source, key);
    if (key.kind === 'undated') return countUndated(work, source);
  }
  const message =
    source === undefined
      ? `Source "${slice.source}" is no longer configured.`
      : `Source "${slice.source}" is of kind "${source.kind}" now, and was not when this pass began; the next pass lists it.`;
  await deps.catalogue.parkSlice(batch, slice, { code: 'CONFIG_INVALID', message });
}

async function recordFailure(
  { deps, batch, slice, progress }: SliceWork,
  error: LegisyncError,
): Promise<void> {
  const { code, message, retryAfterMs = 0 } = error;
  const attempts = progress.moved ? 0 : slice.attempts;
  const failed = { ...slice, attempts };
  const parked = code === 'LEGIFRANCE_REJECTED' || attempts + 1 >= MAX_ATTEMPTS;
  if (parked) {
    await deps.catalogue.parkSlice(batch, failed, { code, message });
  } else {
    const delay = Math.min(FIRST_DELAY_SECONDS * 2 ** attempts, MAX_DELAY_SECONDS);
    const retrySeconds = Math.max(delay, retryAfterMs / 1_000);
    await deps.catalogue.failSlice(batch, failed, { code, message }, retrySeconds);
  }
  deps.log.warn({ source: slice.source, key: slice.key, code, parked }, 'a slice failed');
}
