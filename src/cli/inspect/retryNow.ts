import { WorkflowNotFoundError } from '@temporalio/client';
import { GRPC, grpcCodeOf } from '../../temporal/grpc.ts';
import { withDeadline, type Session } from '../run.ts';

/** temporal.api.enums.v1, PendingActivityState: waits for a worker, or for its next attempt. */
const SCHEDULED = 1;

/**
 * Starts the next attempt of each activity that waits after a failure, and counts its attempts from
 * 1 again. What the last heartbeat reported is kept. Repeating it is harmless.
 *
 * @returns how many; 0 if none waits, if the workflow does not run, or, with a warning, if the
 * server does not support it
 */
export async function retryNow(session: Session, workflowId: string): Promise<number> {
  const { client, connection, namespace } = session.temporal;
  let retried = 0;
  try {
    const { raw, status, runId } = await withDeadline(session, () =>
      client.workflow.getHandle(workflowId).describe(),
    );
    if (status.name !== 'RUNNING') return 0;
    for (const { state, activityId, lastFailure } of raw.pendingActivities ?? []) {
      if (Number(state) !== SCHEDULED || lastFailure == null || !activityId) continue;
      const execution = { workflowId, runId };
      await withDeadline(session, () =>
        connection.workflowService.resetActivity({ namespace, execution, id: activityId }),
      );
      retried += 1;
    }
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 0;
    if (grpcCodeOf(error) !== GRPC.unimplemented) throw error;
    session.io.err(
      'Warning: this Temporal server cannot start an attempt early; failed activities wait for their next try.',
    );
  }
  return retried;
}
