import { WorkflowUpdateStage, type WorkflowHandle, type WorkflowUpdateHandle } from '@temporalio/client';
import type { MassiveProgress } from '../contract/messages.ts';
import { massiveWorkflowId, UPDATES } from '../contract/names.ts';
import { askProgress, tellWorkflow, type Subject } from './askWorkflow.ts';
import type { Session } from './run.ts';

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
export function sendVerb(session: Session, collection: string, verb: Verb): Promise<MassiveProgress> {
  return tellWorkflow(session, subjectOf(collection), {
    name: verb.name,
    send: (handle) => startUpdate(handle, verb),
  });
}

function startUpdate(handle: WorkflowHandle, verb: Verb): Promise<WorkflowUpdateHandle<MassiveProgress>> {
  const waitForStage = WorkflowUpdateStage.ACCEPTED;
  switch (verb.name) {
    case 'pause': {
      const args: [{ reason?: string }] = [verb.reason === undefined ? {} : { reason: verb.reason }];
      return handle.startUpdate<MassiveProgress, typeof args>(UPDATES.pause, { args, waitForStage });
    }
    case 'resume':
      return handle.startUpdate<MassiveProgress, []>(UPDATES.resume, { waitForStage });
    case 'stop':
      return handle.startUpdate<MassiveProgress, []>(UPDATES.stop, { waitForStage });
    case 'concurrency':
      return handle.startUpdate<MassiveProgress, [number]>(UPDATES.setConcurrency, {
        args: [verb.lanes],
        waitForStage,
      });
  }
}
