import type { BatchRef } from '../../contract/collecting.ts';
import type { RegisteredPage, Slice, SlicePage } from '../../supabase/types.ts';
import type { ActivityDeps } from '../deps.ts';
import type { Signals } from '../liveness.ts';

/**
 * A batch that is silent for this long loses its slice; each page that it registers begins the time
 * anew. One request may take a minute, is repeated, and waits for the quota before. Longer than
 * that, because reading a listing twice costs requests, while the slice of a lane that died can
 * wait: its own next attempt gets it at once.
 */
export const LEASE_SECONDS = 300;

/**
 * After MAINTENANCE (0 and 1), and without its reserve; before the consults of MASSIVE, which wait
 * for listings.
 */
export const RANK = 2;

/** A leased slice, and what a step has done for it so far. */
export interface SliceWork {
  readonly deps: ActivityDeps;
  readonly batch: BatchRef;
  readonly slice: Slice;
  readonly signals: Signals;
  readonly progress: {
    /** A page was registered: a failure after it is not the same failure again. */
    moved: boolean;
    /** Ids that were new to the catalogue. They stay found, whatever fails later. */
    discovered: number;
  };
}

/** Writes a page into the catalogue, and counts it. */
export async function registerPage(work: SliceWork, page: SlicePage): Promise<RegisteredPage['outcome']> {
  const { deps, batch, slice, progress } = work;
  const { outcome, discovered } = await deps.catalogue.registerSlice(
    batch,
    slice,
    page,
    LEASE_SECONDS,
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
