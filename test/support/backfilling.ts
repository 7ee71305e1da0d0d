import { randomUUID } from 'node:crypto';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { BackfillInput, BackfillProgress, BackfillResult } from '../../src/contract/backfill.ts';
import { backfillWorkflowId, QUERIES, WORKFLOWS } from '../../src/contract/names.ts';
import { PLAIN, plantBucket } from './buckets.ts';
import { openStack, type StackOptions, type TestStack } from './stack.ts';
import { keepHistories } from './keptHistories.ts';
import { openClient } from './workers.ts';

/** A stack, a task queue, and buckets. Each bucket has its own backfill workflow. */
export interface BackfillStack {
  readonly stack: TestStack;
  readonly client: Client;
  readonly taskQueue: string;
  /** The environment of this file's workers. */
  readonly env: (more?: Readonly<Record<string, string>>) => Record<string, string>;
  /** Makes a bucket with `files` files, and returns its name. */
  readonly bucket: (files: number) => Promise<string>;
  readonly start: (bucket: string, input?: Partial<BackfillInput>) => Promise<WorkflowHandle>;
  readonly close: () => Promise<void>;
}

export async function openBackfill(options: StackOptions = {}): Promise<BackfillStack> {
  const stack = await openStack(options);
  const { client, close } = await openClient();
  const taskQueue = `backfill-${randomUUID().slice(0, 8)}`;
  const buckets: string[] = [];
  return {
    stack,
    client,
    taskQueue,
    env: (more = {}) => stack.env({ LEGISYNC_TASK_QUEUE: taskQueue, ...more }),
    async bucket(files) {
      const bucket = await plantBucket(stack, files);
      buckets.push(bucket);
      return bucket;
    },
    start: (bucket, input = {}) =>
      client.workflow.start(WORKFLOWS.backfill, {
        workflowId: backfillWorkflowId(bucket),
        taskQueue,
        args: [{ bucket, start: 'new', options: PLAIN, chunk: 1_000, ...input } satisfies BackfillInput],
      }),
    async close() {
      // A test may leave one running. The call fails if it has ended.
      for (const bucket of buckets) {
        await client.workflow
          .getHandle(backfillWorkflowId(bucket))
          .terminate()
          .catch(() => undefined);
      }
      await keepHistories(client, taskQueue);
      await close();
      await stack.close();
    },
  };
}

export const resultOf = (handle: WorkflowHandle): Promise<BackfillResult> =>
  handle.result() as Promise<BackfillResult>;

export const progressOf = (handle: WorkflowHandle): Promise<BackfillProgress> =>
  handle.query<BackfillProgress>(QUERIES.progress);
