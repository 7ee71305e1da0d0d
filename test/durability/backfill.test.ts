import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ActivityFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import type { FaultPoint } from '../support/faultyWorker.ts';
import { openBackfill, resultOf, type BackfillStack } from '../support/backfilling.ts';
import { countsOf } from '../support/buckets.ts';
import { whileChunkIsHeld } from '../support/heldChunk.ts';
import { emptyTables } from '../support/queue.ts';
import { killed, startWorker } from '../support/workers.ts';

/**
 * A backfill survives the end of its worker or workflow: it continues after the last committed
 * chunk.
 */

const FILES = 5_000;
/** Chunks of 1,000 of the 5,003 objects. */
const CHUNKS = 6;

let backfill: BackfillStack;
let bucket: string;

beforeAll(async () => {
  backfill = await openBackfill();
});
beforeEach(async () => {
  await emptyTables(backfill.stack);
  bucket = await backfill.bucket(FILES);
});
afterAll(() => backfill.close());

/** Every file has one row, and no chunk of the first phase ran twice. */
async function expectWhole(): Promise<void> {
  expect(await countsOf(backfill.stack, bucket)).toEqual({ rows: FILES, paths: FILES, missing: 0 });
  expect(
    await backfill.stack.sql(
      `select count(*)::int as chunks, sum(scanned)::int as scanned, count(distinct run)::int as runs
         from (select c.*, lag(c.phase, 1, 'queue') over (partition by run order by number) as before
                 from legisync.backfill_chunks c join legisync.backfill_runs r on r.id = c.run and r.bucket_id = $1) c
        where before = 'queue'`,
      [bucket],
    ),
  ).toEqual([{ chunks: CHUNKS, scanned: FILES + 3, runs: 1 }]);
}

describe('a backfill whose worker is killed', () => {
  const points: readonly (readonly [FaultPoint, number])[] = [
    ['before chunk', 3],
    ['after chunk', CHUNKS],
  ];

  it.each(points)('%s %i continues in another worker, and repeats nothing', async (point, call) => {
    const doomed = startWorker(
      backfill.env({ FAULT_POINT: point, FAULT_CALL: String(call) }),
      'test/support/faultyWorker.ts',
    );
    const handle = await backfill.start(bucket);
    await killed(doomed);
    const worker = startWorker(backfill.env());
    const { run } = await resultOf(handle);
    expect(run).toMatchObject({ queued: FILES, missing: 0 });
    await expectWhole();
    await worker.stop();
  });

  it.each(points)(
    '%s %i, by SIGTERM, ends with 0, and repeats nothing in another worker',
    async (point, call) => {
      const stopped = startWorker(
        backfill.env({ FAULT_SIGNAL: 'SIGTERM', FAULT_POINT: point, FAULT_CALL: String(call) }),
        'test/support/faultyWorker.ts',
      );
      const handle = await backfill.start(bucket);
      expect(await stopped.ended).toBe(0);
      const worker = startWorker(backfill.env());
      const { run } = await resultOf(handle);
      expect(run).toMatchObject({ queued: FILES, missing: 0 });
      expect(await worker.stop()).toBe(0);
      await expectWhole();
    },
  );

  it('while a chunk runs in the database continues after that chunk, and repeats nothing', async () => {
    const doomed = startWorker(backfill.env());
    await doomed.ready;
    const handle = await whileThirdChunkRuns(async () => {
      doomed.child.kill('SIGKILL');
      await killed(doomed);
    });
    const worker = startWorker(backfill.env());
    const { run } = await resultOf(handle);
    expect(run).toMatchObject({ queued: FILES, missing: 0 });
    await expectWhole();
    await worker.stop();
  });
});

/** Begins a backfill, and calls `meanwhile` while its third chunk runs in the database. */
function whileThirdChunkRuns(
  meanwhile: (handle: WorkflowHandle) => Promise<unknown>,
): Promise<WorkflowHandle> {
  const begin = (): Promise<WorkflowHandle> => backfill.start(bucket);
  return whileChunkIsHeld(backfill, { bucket, object: 2_500, begin, meanwhile });
}

describe('a backfill that an operator ends', () => {
  it.each(['cancel', 'terminate'] as const)(
    'by %s continues after its last chunk with --resume',
    async (how) => {
      const worker = startWorker(backfill.env());
      await worker.ready;
      await whileThirdChunkRuns(async (handle) => {
        await (how === 'cancel' ? handle.cancel() : handle.terminate('by a test'));
        expect(await causeOf(handle)).toBeInstanceOf(how === 'cancel' ? CancelledFailure : TerminatedFailure);
      });
      const refused = await backfill.start(bucket);
      const activity = await causeOf(refused);
      expect(activity).toBeInstanceOf(ActivityFailure);
      expect((activity as ActivityFailure).cause).toMatchObject({ type: 'BACKFILL_REFUSED' });
      const { run } = await resultOf(await backfill.start(bucket, { start: 'resume' }));
      expect(run).toMatchObject({ queued: FILES, missing: 0 });
      await expectWhole();
      await worker.stop();
    },
  );
});

/** Why a workflow failed. @throws Error if it did not fail */
async function causeOf(handle: WorkflowHandle): Promise<Error | undefined> {
  const error: unknown = await handle.result().catch((thrown: unknown) => thrown);
  if (error instanceof WorkflowFailedError) return error.cause;
  throw new Error('Expected a workflow that fails.', { cause: error });
}
