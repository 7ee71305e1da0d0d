import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { fillBucket, type FilledBucket } from '../../bench/support/objects.ts';
import { emptyQueue } from '../../bench/support/plainQueue.ts';
import { openRig, type Rig } from '../../bench/support/rig.ts';
import { pollUntil } from '../../local/launcher/poll.ts';
import { backfillWorkflowId } from '../../src/contract/names.ts';
import { chaosSetting } from './settings.ts';

/** A rig with a full bucket, and the size of its backfill's chunks. */
export interface Chaos {
  readonly rig: Rig;
  readonly filled: FilledBucket;
  readonly chunk: number;
}

/** When something is to happen to a backfill. */
export interface Moment {
  /** Chunks that are committed. */
  readonly chunks: number;
  /** While the next one runs; else whenever. */
  readonly during: boolean;
}

/** Polling is by SQL, and the database does the waiting: some chunks take 20 ms. */
const POLL_SECONDS = 0.002;

/** A backfill begins within seconds, and one of 1.4 million files ends within a minute on an idle machine. */
const DEADLINE_MS = 300_000;

export async function openChaos(
  files: number,
  chunk: number,
  postgres: Readonly<Record<string, string>> = {},
): Promise<Chaos> {
  const folder = chaosSetting('folder');
  const rig = await openRig({
    parent: folder,
    postgres,
    log: (line) => void process.stderr.write(`${line}\n`),
    onSpawned: (part) => writeFile(join(folder, `${part.pid}.json`), JSON.stringify(part)),
  });
  try {
    const filled = await rig.withSession((client) => fillBucket(client, rig.bucket, files));
    return { rig, filled, chunk };
  } catch (error) {
    await rig.close();
    throw error;
  }
}

/** Draws a moment in the first pass, from the seed and a name: the same whichever tests run beside. */
export function drawMoment({ filled, chunk }: Chaos, name: string): Moment {
  const bytes = createHash('sha256')
    .update(`${chaosSetting('seed')} ${name}`)
    .digest();
  const whole = Math.floor(filled.objects / chunk);
  const moment = {
    // At least one is committed, and one is still to do.
    chunks: 1 + (bytes.readUInt32BE(0) % (whole - 1)),
    during: bytes.readUInt8(4) % 2 === 0,
  };
  process.stderr.write(`${name}: ${moment.during ? 'in the chunk after' : 'after'} chunk ${moment.chunks}\n`);
  return moment;
}

/** Empties the queue and starts a backfill of it, as an operator does. */
export async function startBackfill({ rig, chunk }: Chaos): Promise<WorkflowHandle> {
  await rig.withSession(emptyQueue);
  return command(rig, '--chunk', String(chunk));
}

/** Goes on with the unfinished run, as an operator does. */
export function resumeBackfill({ rig, chunk }: Chaos): Promise<WorkflowHandle> {
  return command(rig, '--resume', '--chunk', String(chunk));
}

async function command(rig: Rig, ...options: readonly string[]): Promise<WorkflowHandle> {
  const { exitCode, stderr } = await rig.legisync('backfill', '--yes', '--detach', ...options);
  if (exitCode !== 0) throw new Error(`legisync backfill ended with ${exitCode}: ${stderr}`);
  const { runId } = await rig.client.workflow.getHandle(backfillWorkflowId(rig.bucket)).describe();
  return rig.client.workflow.getHandle(backfillWorkflowId(rig.bucket), runId);
}

/** Waits for a moment of the backfill that runs. */
export async function untilMoment({ rig }: Chaos, { chunks, during }: Moment): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    // A chunk holds the bucket's advisory lock while it runs.
    const found = await rig.sql(
      `select from legisync.backfill_runs
        where state = 'running' and chunks >= $1
          and (not $2 or exists (select from pg_locks where locktype = 'advisory' and granted))`,
      [chunks, during],
    );
    if (found.length > 0) return;
    if (performance.now() > deadline) throw new Error(`Chunk ${chunks} was not committed within 5 minutes.`);
    await rig.sql('select pg_sleep($1)', [POLL_SECONDS]);
  }
}

/** Chunks that are committed of the backfill that is not at its end. */
export async function chunksSoFar({ rig }: Chaos): Promise<number> {
  const [run] = await rig.sql<{ state: string; chunks: number }>(
    'select state, chunks from legisync.backfill_runs order by id desc limit 1',
  );
  if (run?.state !== 'running') throw new Error(`Too late: the run is ${run?.state ?? 'not there'}.`);
  return run.chunks;
}

/** Waits until a workflow has ended, across the death of its server, and says how. */
export async function endOf(handle: WorkflowHandle): Promise<string> {
  let status = 'RUNNING';
  await pollUntil(
    async () => {
      status = (await handle.describe()).status.name;
      return status !== 'RUNNING';
    },
    { everyMs: 200, timeoutMs: DEADLINE_MS },
  );
  return status;
}

/** What a backfill has left, counted by statements that share nothing with it. */
export interface Left {
  readonly missing: number;
  readonly rows: number;
  readonly paths: number;
  readonly runs: number;
  /** Chunks of the run, and the number of the last one. */
  readonly chunks: number;
  readonly lastChunk: number;
  /** Objects that the chunks of the first pass looked at, in sum. */
  readonly scanned: number;
}

/** What it must leave: each file queued once, and each object looked at once by the chunks that were committed. */
export function whole({ filled: { files, objects } }: Chaos, { chunks }: Left): Left {
  return { missing: 0, rows: files, paths: files, runs: 1, chunks, lastChunk: chunks, scanned: objects };
}

export async function countLeft({ rig }: Chaos): Promise<Left> {
  const [left] = await rig.sql<Left>(
    `with chunks as (
       select run, number, scanned, lag(phase, 1, 'queue') over (partition by run order by number) as before
         from legisync.backfill_chunks),
     queue as (select count(*)::int as rows, count(distinct file_path)::int as paths from public.files_queue)
     select queue.rows, queue.paths,
            (select count(*)::int from (
               select name from storage.objects where bucket_id = $1 and name like '%.json'
               except select file_path from public.files_queue where bucket_id = $1) m) as missing,
            count(distinct run)::int as runs, count(*)::int as chunks, max(number) as "lastChunk",
            (sum(scanned) filter (where before = 'queue'))::int as scanned
       from chunks, queue group by queue.rows, queue.paths`,
    [rig.bucket],
  );
  if (left === undefined) throw new Error('The backfill has committed no chunk.');
  return left;
}
