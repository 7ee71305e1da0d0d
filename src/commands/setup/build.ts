import { WorkflowNotFoundError } from '@temporalio/client';
import { BundleOutdated, findWorkflowBundle } from '../../temporal/workflowBundle.ts';
import { makeCurrent } from '../../temporal/deployment.ts';
import { massiveWorkflowId, SIGNALS } from '../../contract/names.ts';
import { CommandError, EXIT } from '../../cli/exit.ts';
import { withDeadline, type Session } from '../../cli/run.ts';
import { workersOf } from '../../cli/workers.ts';
import { COMMANDS } from '../../installation.ts';

/**
 * With worker versioning, makes the build of this version of legisync current, if a worker of it is
 * alive; otherwise warns, and changes nothing. Collections that run move to it.
 *
 * @returns the build; null without versioning, or without such a worker
 * @throws CommandError `BUNDLE_OUTDATED` if this version has not been built
 */
export async function useBuild(session: Session): Promise<string | null> {
  const { config, io, temporal } = session;
  if (!config.worker.versioning) return null;
  const { buildId } = await builtHere();
  const queue = { namespace: temporal.namespace, taskQueue: config.taskQueue };
  const isAlive = (await workersOf(session)).some((worker) => worker.buildId === buildId);
  const { workflowService } = temporal.connection;
  if (!isAlive || !(await withDeadline(session, () => makeCurrent(workflowService, queue, buildId)))) {
    io.err(
      `Warning: NO_WORKER: no worker of this build (${buildId}) polls task queue ${config.taskQueue}, so it does not become current.\n` +
        `Next: ${COMMANDS.startWorker}, and then legisync up`,
    );
    return null;
  }
  for (const name of config.massive.collections) {
    const handle = temporal.client.workflow.getHandle(massiveWorkflowId(name));
    // One that does not run starts on the new build.
    await withDeadline(session, () => handle.signal(SIGNALS.newBuild)).catch(ignoreNotFound);
  }
  return buildId;
}

async function builtHere(): Promise<{ readonly buildId: string }> {
  try {
    return await findWorkflowBundle();
  } catch (error) {
    if (!(error instanceof BundleOutdated)) throw error;
    throw new CommandError(EXIT.failed, 'BUNDLE_OUTDATED', error.message, error.next);
  }
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}
