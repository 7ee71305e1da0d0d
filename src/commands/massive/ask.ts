import { WorkflowUpdateStage } from '@temporalio/client';
import type { MassiveProgress } from '../../contract/collecting.ts';
import { massiveWorkflowId, UPDATES } from '../../contract/names.ts';
import {
  askProgress,
  pauseWord,
  resumeWord,
  updateWorkflow,
  type Subject,
  type Word,
} from '../../cli/askWorkflow.ts';
import type { Session } from '../../cli/run.ts';

/** The Updates of a MASSIVE workflow, as operators type them. */
export type Verb =
  | { readonly name: 'pause'; readonly reason?: string | undefined }
  | { readonly name: 'resume' }
  | { readonly name: 'stop'; readonly wait?: boolean | undefined }
  | { readonly name: 'concurrency'; readonly lanes: number };

const subjectOf = (collection: string): Subject => ({
  workflowId: massiveWorkflowId(collection),
  label: `MASSIVE of ${collection}`,
  startCommand: `legisync massive start ${collection}`,
  statusCommand: `legisync massive status ${collection}`,
});

/**
 * Where a MASSIVE workflow stands.
 *
 * @throws CommandError `NOT_RUNNING` or `NO_WORKER`
 */
export function queryProgress(session: Session, collection: string): Promise<MassiveProgress> {
  return askProgress(session, subjectOf(collection));
}

/** Sends an Update and waits for its answer. @throws CommandError `NOT_RUNNING`, `NO_WORKER` or `NOT_CONFIRMED` */
export function sendUpdate(session: Session, collection: string, verb: Verb): Promise<MassiveProgress> {
  return updateWorkflow(session, subjectOf(collection), wordOf(verb));
}

function wordOf(verb: Verb): Word<MassiveProgress> {
  const waitForStage = WorkflowUpdateStage.ACCEPTED;
  switch (verb.name) {
    case 'pause':
      return pauseWord(verb.reason);
    case 'resume':
      return resumeWord();
    case 'stop':
      return {
        name: verb.name,
        send: (handle) => handle.startUpdate<MassiveProgress, []>(UPDATES.stop, { waitForStage }),
      };
    case 'concurrency': {
      const args: [number] = [verb.lanes];
      return {
        name: verb.name,
        send: (handle) =>
          handle.startUpdate<MassiveProgress, [number]>(UPDATES.setConcurrency, { args, waitForStage }),
      };
    }
  }
}
