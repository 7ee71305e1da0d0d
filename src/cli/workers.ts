import type { Config } from '../config/config.ts';
import { livingWorkers, type LivingWorker } from '../temporal/workers.ts';
import { withDeadline, type Session } from './run.ts';
import { COMMANDS } from '../installation.ts';

/** The workers of our task queue that are alive. */
export function workersOf(
  session: Pick<Session, 'temporal'> & { readonly config: Pick<Config, 'taskQueue'> },
): Promise<LivingWorker[]> {
  const { config, temporal } = session;
  return withDeadline(session, () =>
    livingWorkers(temporal.connection.workflowService, {
      namespace: temporal.namespace,
      taskQueue: config.taskQueue,
    }),
  );
}

/**
 * Warns if no worker of the task queue is alive: a started workflow then waits.
 *
 * @returns whether there is a worker
 */
export async function warnWithoutWorkers(session: Session): Promise<boolean> {
  if ((await workersOf(session)).length > 0) return true;
  session.io.err(
    `Warning: NO_WORKER: no worker polls task queue ${session.config.taskQueue}, so workflows wait.\nNext: ${COMMANDS.startWorker}`,
  );
  return false;
}
