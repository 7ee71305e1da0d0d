import type {
  BackfillChunkInput,
  BackfillChunkResult,
  OpenBackfillInput,
  OpenBackfillResult,
} from '../contract/backfill.ts';
import { nullOnTimeout } from '../supabase/timeouts.ts';
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
      // A `sizes` run reads the queue, which may hold rows of other buckets.
      if (run.kind === 'sizes') return { run, objects: null };
      const objects = await nullOnTimeout(() => deps.backfill.countObjects(input.bucket));
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
    async () => (await nullOnTimeout(() => deps.backfill.chunk(input))) ?? { outcome: 'timed_out' },
  );
}
