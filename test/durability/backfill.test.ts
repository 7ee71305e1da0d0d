import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { FaultPoint } from '../support/faultyWorker.ts';
import { openBackfill, resultOf, type BackfillStack } from '../support/backfilling.ts';
import { countsOf } from '../support/buckets.ts';
import { emptyTables } from '../support/queue.ts';
import { untilBlocked, withSession } from '../support/sessions.ts';
import { killed, startWorker } from '../support/workers.ts';

/** A backfill outlives whatever ends it: it goes on behind the last chunk that was committed. */

const FILES = 5_000;
/** Of 5,003 objects in chunks of 1,000. */
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

/** Everything is queued, once, and no chunk of the first pass was done twice. */
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

  it.each(points)('%s %i goes on in another worker, and repeats nothing', async (point, call) => {
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

  it('while its chunk runs in the database goes on when that has ended, and repeats nothing', async () => {
    const doomed = startWorker(backfill.env());
    await doomed.ready;
    let handle: WorkflowHandle | undefined;
    await whileThirdChunkWaits(
      async () => {
        doomed.child.kill('SIGKILL');
        await killed(doomed);
      },
      async () => {
        handle = await backfill.start(bucket);
      },
    );
    if (handle === undefined) throw new Error('not started');
    const worker = startWorker(backfill.env());
    const { run } = await resultOf(handle);
    expect(run).toMatchObject({ queued: FILES, missing: 0 });
    await expectWhole();
    await worker.stop();
  });
});

/** Holds up the third chunk of what `begin` starts, by a row that somebody else is inserting; does `meanwhile`, and gives way. */
async function whileThirdChunkWaits(
  meanwhile: () => Promise<void>,
  begin: () => Promise<void>,
): Promise<void> {
  await withSession(backfill.stack.databaseUrl, async ({ client, pid }) => {
    await client.query('begin');
    await client.query(
      `insert into public.files_queue (file_path, bucket_id)
       select name, bucket_id from storage.objects where bucket_id = $1 order by name offset 2500 limit 1`,
      [bucket],
    );
    await begin();
    await untilBlocked(backfill.stack, pid);
    await meanwhile();
    await client.query('rollback');
  });
}

describe('a backfill that somebody ends', () => {
  it.each(['cancel', 'terminate'] as const)(
    'by %s goes on with --resume behind its last chunk',
    async (how) => {
      const worker = startWorker(backfill.env());
      await worker.ready;
      let ended: WorkflowHandle | undefined;
      // The row is held before the workflow begins.
      await whileThirdChunkWaits(
        async () => {
          await (how === 'cancel' ? ended?.cancel() : ended?.terminate('by a test'));
          await expect(ended?.result()).rejects.toBeInstanceOf(WorkflowFailedError);
        },
        async () => {
          ended = await backfill.start(bucket);
        },
      );
      const refused = await backfill.start(bucket);
      await expect(refused.result()).rejects.toBeInstanceOf(WorkflowFailedError);
      const { run } = await resultOf(await backfill.start(bucket, { start: 'resume' }));
      expect(run).toMatchObject({ queued: FILES, missing: 0 });
      await expectWhole();
      await worker.stop();
    },
  );
});
