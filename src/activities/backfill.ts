import type {
  BackfillChunkInput,
  BackfillChunkResult,
  OpenBackfillInput,
  OpenBackfillResult,
} from '../contract/backfill.ts';
import { LegisyncError } from '../contract/failures.ts';
import type { ActivityDeps } from './deps.ts';
import { withHeartbeat } from './liveness.ts';

/** See {@link Activities.openBackfill}. */
export async function openBackfill(
  deps: ActivityDeps,
  input: OpenBackfillInput,
): Promise<OpenBackfillResult> {
  return withHeartbeat(
    () => null,
    async () => {
      const run = await deps.backfill.open(input);
      // `sizes` walks the queue, which may hold rows of other buckets.
      if (run.kind === 'sizes') return { run, objects: null };
      const objects = await withoutTimeout(() => deps.backfill.countObjects(input.bucket));
      return { run, objects };
    },
  );
}

/** See {@link Activities.backfillChunk}. */
export async function backfillChunk(
  deps: ActivityDeps,
  input: BackfillChunkInput,
): Promise<BackfillChunkResult> {
  return withHeartbeat(
    () => ({ phase: input.phase, position: input.position }),
    async () => (await withoutTimeout(() => deps.backfill.chunk(input))) ?? { outcome: 'timed_out' },
  );
}

/** Null where the database cancelled the statement: what to do about that is for the caller to say. */
async function withoutTimeout<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LegisyncError && error.code === 'DATABASE_TIMEOUT') return null;
    throw error;
  }
}
