import type { Config } from '../config/config.ts';
import { withDeadline, type Session } from './run.ts';

/** The number of workers that polled our task queue for workflow tasks in the last five minutes. */
export async function workersSeen(
  session: Pick<Session, 'temporal'> & { readonly config: Pick<Config, 'taskQueue'> },
): Promise<number> {
  const { config, temporal } = session;
  const { pollers } = await withDeadline(session, () =>
    temporal.connection.workflowService.describeTaskQueue({
      namespace: temporal.namespace,
      taskQueue: { name: config.taskQueue },
    }),
  );
  return new Set(pollers.map((poller) => poller.identity)).size;
}

/**
 * Warns if no worker polls the task queue: a started workflow then waits.
 *
 * @returns whether there is a worker
 */
export async function warnWithoutWorkers(session: Session): Promise<boolean> {
  if ((await workersSeen(session)) > 0) return true;
  session.io.err(
    `Warning: no worker polls task queue ${session.config.taskQueue}, so workflows wait. Start one: npm run worker`,
  );
  return false;
}
