import { z } from 'zod';
import type { Client } from 'pg';
import { sum, timed } from './figures.ts';
import { watchMemory, type MemoryOfWork } from './memory.ts';
import { emptyQueue, makePlainQueue, PLAIN_ANTI_JOIN, PLAIN_QUEUE, PLAIN_STATEMENT } from './plainQueue.ts';
import type { Rig } from './rig.ts';

/** One backfill, by command, workflow, worker and API. */
export interface MeasuredBackfill {
  readonly queued: number;
  /** Files without a row at its end, as counted by the run and by the benchmark. */
  readonly missing: number;
  readonly missingCounted: number;
  /** Seconds of each chunk that queues, in the first pass and when catching up. */
  readonly chunkSeconds: readonly number[];
  /** Seconds of the complete chunks of the first pass, which all do the same work. */
  readonly wholeChunkSeconds: readonly number[];
  readonly chunksSeconds: number;
  readonly verifySeconds: number;
  /** From its first to its last chunk. */
  readonly seconds: number;
  readonly memory: MemoryOfWork;
}

const commandAnswer = z.object({
  run: z.object({ id: z.int(), queued: z.int(), missing: z.int(), seconds: z.number() }),
});

/** Runs one backfill and collects its figures. */
async function measureBackfill(rig: Rig, client: Client, chunk: number): Promise<MeasuredBackfill> {
  await client.query('checkpoint');
  const { result, memory } = await watchMemory(rig.worker.pid(), () =>
    rig.legisync('backfill', '--yes', '--json', '--chunk', String(chunk)),
  );
  if (result.exitCode !== 0)
    throw new Error(`legisync backfill failed (${result.exitCode}): ${result.stderr}`);
  const { run } = commandAnswer.parse(JSON.parse(result.stdout));
  const { rows } = await client.query<{ phase: string; scanned: number; seconds: number }>(
    `select lag(phase, 1, 'queue') over (order by number) as phase, scanned, seconds
       from legisync.backfill_chunks where run = $1 order by number`,
    [run.id],
  );
  const secondsOf = (phases: readonly string[], scanned = 0): number[] =>
    rows.filter((row) => phases.includes(row.phase) && row.scanned >= scanned).map(({ seconds }) => seconds);
  const chunkSeconds = secondsOf(['queue', 'catch_up']);
  return {
    queued: run.queued,
    missing: run.missing,
    missingCounted: await countMissing(client, rig.bucket),
    chunkSeconds,
    wholeChunkSeconds: secondsOf(['queue'], chunk),
    chunksSeconds: sum(chunkSeconds),
    verifySeconds: sum(secondsOf(['verify'])),
    seconds: run.seconds,
    memory,
  };
}

/** Counts files without a row, by a statement that is independent of the backfill. */
async function countMissing(client: Client, bucket: string): Promise<number> {
  const { rows } = await client.query<{ missing: number }>(
    `select count(*)::int as missing from storage.objects o
       left join public.files_queue f on f.file_path = o.name
      where o.bucket_id = $1 and f.file_path is null and o.name not like '%/.emptyFolderPlaceholder'`,
    [bucket],
  );
  return rows[0]?.missing ?? NaN;
}

/** Seconds of the plain statement into an empty table. The next measurement drops the table. */
export async function measurePlain(client: Client, bucket: string): Promise<number> {
  await makePlainQueue(client);
  await client.query('checkpoint');
  return (await timed(() => client.query(PLAIN_STATEMENT, [bucket]))).seconds;
}

/** Measures the backfill of an empty queue. */
export async function measureWhole(rig: Rig, client: Client, chunk: number): Promise<MeasuredBackfill> {
  await client.query(`drop table if exists ${PLAIN_QUEUE}`);
  await emptyQueue(client);
  return measureBackfill(rig, client, chunk);
}

/**
 * Makes the plain table a copy of the full queue, and chooses the files that will be missing from
 * both, all over the bucket.
 */
export async function prepareGaps(client: Client, gaps: number): Promise<void> {
  await makePlainQueue(client);
  await client.query(`insert into ${PLAIN_QUEUE} overriding system value select * from public.files_queue`);
  await client.query(
    `select setval(pg_get_serial_sequence('${PLAIN_QUEUE}', 'id'), (select max(id) from ${PLAIN_QUEUE}))`,
  );
  await client.query('create temporary table gaps (file_path text primary key)');
  await client.query(
    'insert into gaps select file_path from public.files_queue order by md5(file_path) limit $1',
    [gaps],
  );
  await client.query(`vacuum analyze public.files_queue, ${PLAIN_QUEUE}`);
}

/** Seconds of the plain anti-join. */
export async function measureAntiJoin(client: Client, bucket: string): Promise<number> {
  await client.query(`delete from ${PLAIN_QUEUE} where file_path in (select file_path from gaps)`);
  await client.query('checkpoint');
  return (await timed(() => client.query(PLAIN_ANTI_JOIN, [bucket]))).seconds;
}

/** Measures the backfill of a queue with gaps. */
export async function measureGaps(rig: Rig, client: Client, chunk: number): Promise<MeasuredBackfill> {
  await client.query(`delete from public.files_queue where file_path in (select file_path from gaps)`);
  return measureBackfill(rig, client, chunk);
}

/** Seconds of the plain query that counts the missing files. */
export async function measureQuestion(client: Client, bucket: string): Promise<number> {
  const { seconds } = await timed(() =>
    client.query(
      `select count(*) as missing_in_queue from storage.objects s
         left join public.files_queue fq on s.name = fq.file_path
        where s.bucket_id = $1 and fq.file_path is null`,
      [bucket],
    ),
  );
  return seconds;
}
