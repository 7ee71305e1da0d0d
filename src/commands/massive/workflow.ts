import type { MassiveProgress } from '../../contract/collecting.ts';
import { massiveWorkflowId, UPDATES } from '../../contract/names.ts';
import {
  pauseUpdate,
  progressUpdate,
  queryProgress,
  resumeUpdate,
  updateWorkflow,
  type ProgressUpdate,
  type Subject,
} from '../../cli/workflow.ts';
import type { Session } from '../../cli/run.ts';

/** A command of an operator that a running MASSIVE workflow carries out. */
export type OperatorCommand =
  | { readonly name: 'pause'; readonly reason?: string | undefined }
  | { readonly name: 'resume' }
  | { readonly name: 'stop'; readonly wait?: boolean | undefined }
  | { readonly name: 'lanes'; readonly lanes: number };

const subjectOf = (collection: string): Subject => ({
  workflowId: massiveWorkflowId(collection),
  label: `MASSIVE of ${collection}`,
  startCommand: `legisync massive start ${collection}`,
  statusCommand: `legisync massive status ${collection}`,
});

/**
 * The progress of a collection.
 *
 * @throws CommandError `NOT_RUNNING`, `NO_WORKER` or `WORKFLOW_STUCK`
 */
export function massiveProgress(session: Session, collection: string): Promise<MassiveProgress> {
  return queryProgress(session, subjectOf(collection));
}

/**
 * Sends the Update of a command and waits for its result.
 *
 * @throws CommandError `NOT_RUNNING`, `REFUSED`, `NO_WORKER`, `WORKFLOW_STUCK` or `NOT_CONFIRMED`
 */
export function sendUpdate(
  session: Session,
  collection: string,
  command: OperatorCommand,
): Promise<MassiveProgress> {
  return updateWorkflow(session, subjectOf(collection), updateOf(command));
}

function updateOf(command: OperatorCommand): ProgressUpdate<MassiveProgress> {
  switch (command.name) {
    case 'pause':
      return pauseUpdate(command.reason);
    case 'resume':
      return resumeUpdate();
    case 'stop':
      return progressUpdate(command.name, UPDATES.stop);
    case 'lanes':
      return progressUpdate(command.name, UPDATES.setLanes, command.lanes);
  }
}
