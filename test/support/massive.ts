import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Collection } from '../../src/contract/collections.ts';
import { massiveWorkflowId, WORKFLOWS } from '../../src/contract/names.ts';
import type { MassiveInput } from '../../src/contract/collecting.ts';
import { openStack, type StackOptions, type TestStack } from './stack.ts';
import { keepHistories } from './keptHistories.ts';
import { openClient } from './workers.ts';

export interface MassiveStack {
  readonly stack: TestStack;
  readonly client: Client;
  /** The collection's name, and the task queue of this file's workers. */
  readonly name: string;
  /** The environment of this file's workers. */
  readonly env: (more?: Readonly<Record<string, string>>) => Record<string, string>;
  readonly start: (input?: Partial<MassiveInput>) => Promise<WorkflowHandle>;
  readonly handle: () => WorkflowHandle;
  readonly close: () => Promise<void>;
}

/**
 * Opens a stack with one collection. Its name, task queue and workflow are unique on the run's
 * Temporal server.
 */
export async function openMassive(
  sources: Collection['sources'],
  options: StackOptions = {},
): Promise<MassiveStack> {
  const name = `test-${randomUUID().slice(0, 8)}`;
  const collection: Collection = { name, sources };
  const stack = await openStack({ ...options, collections: [collection] });
  const folder = await mkdtemp(join(tmpdir(), 'legisync-collections-'));
  const file = join(folder, 'collections.json');
  await writeFile(file, JSON.stringify([collection]));
  const { client, close } = await openClient();
  const handle = (): WorkflowHandle => client.workflow.getHandle(massiveWorkflowId(name));
  return {
    stack,
    client,
    name,
    env: (more = {}) =>
      stack.env({
        LEGISYNC_COLLECTIONS: file,
        LEGISYNC_TASK_QUEUE: name,
        LEGISYNC_MASSIVE: name,
        LEGISYNC_MAINTENANCE: name,
        ...more,
      }),
    start: (input = {}) =>
      client.workflow.start(WORKFLOWS.massive, {
        workflowId: massiveWorkflowId(name),
        taskQueue: name,
        args: [{ collection: name, controls: { paused: false, lanes: 2 }, ...input } satisfies MassiveInput],
      }),
    handle,
    async close() {
      // The tests may leave it running. The call fails if it has ended.
      await handle()
        .terminate()
        .catch(() => undefined);
      await keepHistories(client, name);
      await close();
      await stack.close();
      await rm(folder, { recursive: true });
    },
  };
}

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
export type HistoryEvent = NonNullable<History['events']>[number];

/**
 * The histories of all runs of the collection's workflow, the newest first. Continue-as-new links
 * each to the previous one.
 */
export async function runsOfChain({
  client,
  handle,
}: MassiveStack): Promise<readonly (readonly HistoryEvent[])[]> {
  const { workflowId } = handle();
  const runs: HistoryEvent[][] = [];
  let runId = (await handle().describe()).runId;
  while (runId !== '') {
    const history: History = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const events = history.events ?? [];
    runs.push(events);
    runId = events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? '';
  }
  return runs;
}
