import type { BatchRef } from '../../contract/collecting.ts';
import { SLICE_LEASE_SECONDS } from '../../contract/timing.ts';
import type { RegisteredPage, Slice, SlicePage } from '../../supabase/types.ts';
import type { ActivityDeps } from '../deps.ts';
import type { Signals } from '../liveness.ts';

/** A leased slice, and the progress of the current step. */
export interface SliceWork {
  readonly deps: ActivityDeps;
  readonly batch: BatchRef;
  readonly slice: Slice;
  readonly signals: Signals;
  readonly progress: {
    /** A page was registered, so a later failure does not repeat the previous one. */
    moved: boolean;
    /** Ids that were new to the catalogue. They stay in it, whatever fails later. */
    discovered: number;
  };
}

/** Writes a page into the catalogue and updates the progress. */
export async function registerPage(work: SliceWork, page: SlicePage): Promise<RegisteredPage['outcome']> {
  const { deps, batch, slice, progress } = work;
  const { outcome, discovered } = await deps.catalogue.registerSlice(
    batch,
    slice,
    page,
    SLICE_LEASE_SECONDS,
    deps.settings.adopt,
  );
  progress.discovered += discovered;
  if (outcome !== 'lost') progress.moved = true;
  return outcome;
}

/** The day of searches and tables of contents, `YYYY-MM-DD`, UTC. */
export function today({ deps }: SliceWork): string {
  return deps.now().toISOString().slice(0, 10);
}
