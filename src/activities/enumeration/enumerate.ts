import type { Source } from '../../contract/collections.ts';
import { FAILURES, type LegisyncError } from '../../contract/failures.ts';
import type { BatchRef } from '../../contract/collecting.ts';
import { SLICE_RETRY } from '../../contract/timing.ts';
import type { Slice } from '../../supabase/types.ts';
import type { ActivityDeps } from '../deps.ts';
import { concernsSlice } from '../serviceFailure.ts';
import { listCode, splitIntoCodes } from './codes.ts';
import { countUndated, listSearch } from './search.ts';
import type { Signals } from '../liveness.ts';
import type { SliceWork } from './sliceWork.ts';

/** What a step of enumeration did. */
export interface Step {
  /** Documents that were new. */
  readonly discovered: number;
  /** Why the slice could not be listed. The database has recorded it. */
  readonly failure?: LegisyncError | undefined;
}

/**
 * One step of a slice's enumeration: writes its ids into the catalogue. A slice that fails is
 * released for a later attempt, or parked with the reason, and the other slices continue. A slice
 * that another batch holds in the meantime is left alone.
 *
 * @throws LegisyncError for a failure that concerns the whole service: the batch still holds the
 * slice then
 */
export async function enumerateStep(
  deps: ActivityDeps,
  batch: BatchRef,
  slice: Slice,
  source: Source | undefined,
  signals: Signals,
): Promise<Step> {
  const work: SliceWork = { deps, batch, slice, signals, progress: { moved: false, discovered: 0 } };
  let failure: LegisyncError | undefined;
  try {
    await listSlice(work, source);
  } catch (error) {
    if (!concernsSlice(error)) throw error;
    failure = error;
    await recordFailure(work, error);
  }
  return { discovered: work.progress.discovered, failure };
}

/** The configuration of a source may have changed since the pass began. */
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
  const parked = FAILURES[code].concerns.slice === 'park' || attempts + 1 >= SLICE_RETRY.attempts;
  if (parked) {
    await deps.catalogue.parkSlice(batch, failed, { code, message });
  } else {
    const delay = Math.min(SLICE_RETRY.firstSeconds * 2 ** attempts, SLICE_RETRY.lastSeconds);
    const retrySeconds = Math.max(delay, retryAfterMs / 1_000);
    await deps.catalogue.failSlice(batch, failed, { code, message }, retrySeconds);
  }
  deps.log.warn({ source: slice.source, key: slice.key, code, parked }, 'a slice failed');
}
