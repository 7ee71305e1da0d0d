import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ensureSearchAttributes } from '../../src/temporal/searchAttributes.ts';
import {
  openNamespace,
  type TestNamespace,
  withCommandFolder,
  withStubWorker,
  type World,
} from './harness.ts';

/** A namespace with our search attributes, so that workflows can be started. */
export async function openReadyNamespace(): Promise<TestNamespace> {
  const env = await openNamespace();
  await ensureSearchAttributes(env.connection, env.namespace);
  return env;
}

/** Gives each test its own folder, task queue and collection, so that workflows do not collide. */
export async function withWorld(
  env: TestNamespace,
  use: (world: World, collection: string, taskQueue: string) => Promise<void>,
): Promise<void> {
  await withCommandFolder(async (cwd) => {
    const collection = `c${randomUUID().slice(0, 8)}`;
    const taskQueue = `queue-${collection}`;
    const sources = [
      { kind: 'search', name: 'decisions', fond: 'CETAT', query: 'urbanisme' },
      { kind: 'codes', name: 'codes' },
    ];
    await writeFile(join(cwd, 'collections.json'), JSON.stringify([{ name: collection, sources }]));
    const world = {
      cwd,
      env: {
        TEMPORAL_ADDRESS: env.address,
        TEMPORAL_NAMESPACE: env.namespace,
        LEGISYNC_TASK_QUEUE: taskQueue,
        LEGISYNC_COLLECTIONS: 'collections.json',
        LEGISYNC_MASSIVE: collection,
        LEGISYNC_MAINTENANCE: collection,
      },
    };
    try {
      await use(world, collection, taskQueue);
    } finally {
      for (const id of [`massive:${collection}`, `maintenance:${collection}:manual`]) {
        await env.client.workflow
          .getHandle(id)
          .terminate()
          .catch(() => undefined);
      }
    }
  });
}

/** The same as {@link withWorld}, with a worker. */
export function withWorldAndWorker(
  env: TestNamespace,
  use: (world: World, collection: string) => Promise<void>,
  request?: () => Promise<void>,
): Promise<void> {
  return withWorld(env, (world, collection, taskQueue) =>
    withStubWorker(env, taskQueue, () => use(world, collection), request),
  );
}

/** Lends the settings of a Supabase whose answers come from `answer`. */
export async function withSupabase(
  answer: RequestListener,
  use: (settings: Record<string, string>) => Promise<void>,
): Promise<void> {
  const supabase = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => supabase.once('listening', resolve));
  try {
    const { port } = supabase.address() as AddressInfo;
    const SUPABASE_URL = `http://127.0.0.1:${port}`;
    await use({ SUPABASE_URL, SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_test' });
  } finally {
    supabase.closeAllConnections();
    await new Promise((resolve) => supabase.close(resolve));
  }
}
