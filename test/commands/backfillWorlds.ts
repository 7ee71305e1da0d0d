import type { BackfillRun } from '../../src/contract/backfill.ts';
import { openBackfill, type BackfillStack } from '../support/backfilling.ts';
import { withSession } from '../support/sessions.ts';
import { eventually, startWorker } from '../support/workers.ts';
import { json, legisync, withCommandFolder, type World } from './harness.ts';

/** A stack with a worker, for commands about buckets. */
export interface BackfillWorlds {
  readonly backfill: BackfillStack;
  /** Lends a bucket with this many files, and settings that name it. */
  readonly withBucket: (files: number, use: (world: World, bucket: string) => Promise<void>) => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function openBackfillWorlds(): Promise<BackfillWorlds> {
  const backfill = await openBackfill();
  const worker = startWorker(backfill.env());
  await worker.ready;
  return {
    backfill,
    withBucket: (files, use) =>
      withCommandFolder(async (cwd) => {
        const bucket = await backfill.bucket(files);
        await use(
          { cwd, env: backfill.env({ LEGISYNC_BUCKET: bucket, LEGISYNC_BACKFILL_CHUNK: '1000' }) },
          bucket,
        );
      }),
    async close() {
      await worker.stop();
      await backfill.close();
    },
  };
}

/**
 * Keeps the bucket's run in its opening during `use`: it waits for a lock that this session holds.
 */
export function whileOpening<T>({ stack }: BackfillStack, bucket: string, use: () => Promise<T>): Promise<T> {
  return withSession(stack.databaseUrl, async ({ client }) => {
    await client.query('select pg_advisory_lock(legisync.backfill_lock($1))', [bucket]);
    return use();
  });
}

/** Starts a run that is paused before its first chunk. */
export async function startPaused(backfill: BackfillStack, world: World, bucket: string): Promise<void> {
  await whileOpening(backfill, bucket, async () => {
    expect((await legisync(world, 'backfill', '--yes', '--detach')).code).toBe(0);
    expect((await legisync(world, 'backfill', 'pause', '--reason', 'peak hours')).code).toBe(0);
  });
  await eventually(async () =>
    (await legisync(world, 'backfill', 'status')).stdout.includes('paused in queue'),
  );
}

/** Leaves a run unfinished: paused, then stopped. */
export async function leaveUnfinished(backfill: BackfillStack, world: World, bucket: string): Promise<void> {
  await startPaused(backfill, world, bucket);
  expect((await legisync(world, 'backfill', 'stop')).code).toBe(0);
  await eventually(
    async () => json(await legisync(world, 'backfill', 'status', '--json'))['running'] === false,
  );
}

/** The bucket's runs, oldest first. */
export function runsOf(
  { stack }: BackfillStack,
  bucket: string,
): Promise<Pick<BackfillRun, 'state' | 'queued'>[]> {
  return stack.sql('select state, queued::int from legisync.backfill_runs where bucket_id = $1 order by id', [
    bucket,
  ]);
}
