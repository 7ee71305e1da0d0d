import type { EnqueueInput, EnqueueResult } from '../contract/collecting.ts';
import type { ActivityDeps } from './deps.ts';
import { withHeartbeat } from './liveness.ts';

/**
 * See {@link Activities.enqueueDocuments}. Documents without an object are logged, and due again.
 */
export async function enqueueDocuments(deps: ActivityDeps, input: EnqueueInput): Promise<EnqueueResult> {
  const result = await withHeartbeat(
    () => null,
    () => deps.catalogue.enqueue(input.batch, input.stored, input.failures),
  );
  if (result.missing.length > 0) {
    deps.log.warn(
      { ids: result.missing.slice(0, 10), count: result.missing.length },
      'uploaded objects are missing',
    );
  }
  if (result.heldByOtherBucket > 0) {
    deps.log.warn({ count: result.heldByOtherBucket }, 'paths are held by another bucket in files_queue');
  }
  return result;
}
