import { WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import type { SearchAttributePair } from '@temporalio/common';
import { withDeadline, type Session } from './run.ts';
import { isEnding, waitUntilStopped } from './starting/stopping.ts';

/** A workflow to be started. The texts are shown in the Web UI. */
export interface WorkflowStart {
  readonly type: string;
  readonly workflowId: string;
  readonly input: object;
  readonly attributes: SearchAttributePair[];
  readonly priorityKey: number;
  readonly summary: string;
  readonly details?: string;
}

/** The workflow that now runs. */
export interface RunningWorkflow {
  readonly handle: WorkflowHandle;
  /** False if it already ran: it keeps the input that it was started with. */
  readonly started: boolean;
}

/**
 * Starts a workflow, or joins the one with this id that already runs. The server decides in one
 * step. If the client first asked and then started, two clients could start two runs.
 *
 * A workflow that is stopping is not joined: its end is awaited, then a new run is started.
 *
 * @throws CommandError `STOPPING` or `INTERRUPTED` if it did not end
 */
export async function startOrJoin(session: Session, workflow: WorkflowStart): Promise<RunningWorkflow> {
  const found = await tryToStart(session, workflow);
  if (found.started || !(await isEnding(session, found.handle))) return found;
  await waitUntilStopped(session, found.handle);
  return tryToStart(session, workflow);
}

async function tryToStart(
  session: Session,
  { type, workflowId, input, attributes, priorityKey, summary, details }: WorkflowStart,
): Promise<RunningWorkflow> {
  const { config, temporal } = session;
  try {
    const handle: WorkflowHandle = await withDeadline(session, () =>
      temporal.client.workflow.start(type, {
        workflowId,
        taskQueue: config.taskQueue,
        args: [input],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        typedSearchAttributes: attributes,
        priority: { priorityKey },
        staticSummary: summary,
        ...(details === undefined ? {} : { staticDetails: details }),
      }),
    );
    return { handle, started: true };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { handle: temporal.client.workflow.getHandle(workflowId), started: false };
  }
}
