import type { Client } from '@temporalio/client';
import { buildsOf, makeCurrent, type BuildStatus } from '../../src/temporal/deployment.ts';
import type { WorkflowBundle } from '../../src/temporal/workflowBundle.ts';
import { eventually, startWorker, type WorkerProcess } from './workers.ts';

interface BuildOptions {
  readonly client: Client;
  readonly taskQueue: string;
  readonly env: (more?: Readonly<Record<string, string>>) => Record<string, string>;
}

/** Workers of several builds on one task queue. */
export interface Builds {
  /** A worker of this checkout's build, or of another one. */
  readonly start: (versioning: 'on' | 'off', other?: WorkflowBundle) => Promise<WorkerProcess>;
  /** As soon as a worker of it polls. */
  readonly becomesCurrent: (buildId: string) => Promise<void>;
  readonly statusOf: (buildId: string) => Promise<BuildStatus | undefined>;
  readonly stop: () => Promise<void>;
}

export function buildsOn({ client, taskQueue, env }: BuildOptions): Builds {
  const workers: WorkerProcess[] = [];
  const queue = { namespace: client.options.namespace, taskQueue };
  return {
    async start(versioning, other) {
      const settings = env({
        LEGISYNC_WORKER_VERSIONING: versioning,
        OTHER_BUNDLE: other?.codePath ?? '',
        OTHER_BUILD: other?.buildId ?? '',
      });
      const entry = other === undefined ? undefined : 'test/support/otherBuildWorker.ts';
      const worker = startWorker(settings, entry);
      workers.push(worker);
      await worker.ready;
      return worker;
    },
    becomesCurrent: (buildId) => eventually(() => makeCurrent(client.workflowService, queue, buildId)),
    async statusOf(buildId) {
      const builds = await buildsOf(client.workflowService, queue);
      return builds.find((build) => build.buildId === buildId)?.status;
    },
    async stop() {
      for (const worker of workers) await worker.stop();
    },
  };
}
