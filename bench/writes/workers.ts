import type { Client } from 'pg';
import type { BenchDatabase } from '../support/database.ts';
import { median, round, timed } from '../support/figures.ts';
import { claim, complete, emptyQueue, PENDING } from './workerCalls.ts';
import { measureWrites, megabytes, type Written } from './meter.ts';

/** Number of Workers, and of files that each takes at a time. */
const WORKERS = 8;
const BATCH = 100;

export interface WorkerWrites extends Written {
  /** Size of the table of claims, including indexes; 0 for polling Workers. */
  readonly claimsMb: number;
  /** Time to take a batch: the median, and the mean of the last 80. */
  readonly takeMs: { readonly median: number; readonly last: number };
}

/**
 * Takes a batch of files, and returns the argument for {@link Way.finish}; null if none is left.
 */
interface Way<T> {
  readonly take: (client: Client, worker: string) => Promise<T | null>;
  /** @returns how many files it finished */
  readonly finish: (client: Client, taken: T) => Promise<number>;
}

/** With claims: one function takes, another finishes. */
export const CLAIMING: Way<{ token: string; paths: string[] }> = {
  take: (client, worker) => claim(client, worker, BATCH),
  finish: async (client, { token, paths }) => {
    await complete(client, token, paths);
    return paths.length;
  },
};

/** By two UPDATEs, like Workers that do not use claims. */
export const POLLING: Way<string[]> = {
  async take(client) {
    const { rows } = await client.query<{ path: string }>(
      `update public.files_queue set status = 'processing' where file_path in (
         select file_path from public.files_queue where ${PENDING}
          order by backfilled, created_at limit ${BATCH} for update skip locked)
       returning file_path as path`,
    );
    return rows.length === 0 ? null : rows.map(({ path }) => path);
  },
  async finish(client, paths) {
    await client.query(
      `update public.files_queue set status = 'processed', processed = true where file_path = any ($1)`,
      [paths],
    );
    return paths.length;
  },
};

/** Refills the queue: a pending row for each file of the bucket, in order of arrival. */
export async function fillQueue(client: Client, bucket: string): Promise<void> {
  await emptyQueue(client);
  await client.query(
    `insert into public.files_queue (file_path, bucket_id, file_size, content_sha256, created_at)
       select name, bucket_id, legisync.object_size(metadata), user_metadata ->> 'sha256', created_at
         from storage.objects where bucket_id = $1 and legisync.is_file(name) order by created_at`,
    [bucket],
  );
  await client.query('vacuum (analyze) public.files_queue');
}

/** Measures what eight Workers write when they take and finish `files` files. */
export async function measureWorkers<T>(
  { withSession }: BenchDatabase,
  client: Client,
  files: number,
  way: Way<T>,
): Promise<WorkerWrites> {
  const takes: number[] = [];
  let left = files;
  const work = async (session: Client, worker: string): Promise<void> => {
    for (;;) {
      if (left <= 0) return;
      left -= BATCH;
      const { result: taken, seconds } = await timed(() => way.take(session, worker));
      takes.push(seconds * 1_000);
      if (taken === null) throw new Error('nothing is left to take');
      const finished = await way.finish(session, taken);
      if (finished !== BATCH) throw new Error(`${worker} finished ${finished} files instead of ${BATCH}`);
    }
  };
  const written = await measureWrites(client, 'public.files_queue', () =>
    Promise.all(
      Array.from({ length: WORKERS }, (_, n) => withSession((session) => work(session, `worker ${n + 1}`))),
    ),
  );
  const last = takes.slice(-80);
  const { rows } = await client.query<{ bytes: string }>(
    `select pg_total_relation_size('legisync.claims') as bytes`,
  );
  return {
    ...written,
    claimsMb: megabytes(Number(rows[0]?.bytes)),
    takeMs: {
      median: round(
        median(takes, (ms) => ms),
        1,
      ),
      last: round(last.reduce((total, ms) => total + ms, 0) / last.length, 1),
    },
  };
}
