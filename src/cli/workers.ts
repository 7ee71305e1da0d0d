import type { Config } from '../config/config.ts';
import { withDeadline, type Session } from './run.ts';

/** Workers that asked the server for workflow tasks of our task queue; it remembers them for five minutes. */
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

/** Says so where nobody is there to do what was just asked for. */
export async function warnWithoutWorkers(session: Session): Promise<void> {
  if ((await workersSeen(session)) > 0) return;
  session.io.err(
    `Warning: no worker has asked for work on task queue ${session.config.taskQueue} lately; it waits for one: npm run worker`,
  );
}
