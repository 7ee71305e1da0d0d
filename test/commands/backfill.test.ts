import { WorkflowNotFoundError } from '@temporalio/client';
import { backfillWorkflowId } from '../../src/contract/names.ts';
import { countsOf } from '../support/buckets.ts';
import { emptyTables } from '../support/queue.ts';
import { openBackfillWorlds, runsOf, whileOpening, type BackfillWorlds } from './backfillWorlds.ts';
import { json, legisync, legisyncInterruptedAt, type World } from './harness.ts';

let worlds: BackfillWorlds;

beforeAll(async () => {
  worlds = await openBackfillWorlds();
});
beforeEach(() => emptyTables(worlds.backfill.stack));
afterAll(() => worlds.close());

/** No run, no workflow, no row. */
async function expectNothingDone(bucket: string): Promise<void> {
  const { stack, client } = worlds.backfill;
  expect(await runsOf(worlds.backfill, bucket)).toEqual([]);
  expect((await countsOf(stack, bucket)).rows).toBe(0);
  await expect(client.workflow.getHandle(backfillWorkflowId(bucket)).describe()).rejects.toThrow(
    WorkflowNotFoundError,
  );
}

/** The same settings, with some changes. */
const changed = (world: World, env: Readonly<Record<string, string>>): World => ({
  ...world,
  env: { ...world.env, ...env },
});

describe('legisync backfill --dry-run', () => {
  it('describes what a run would do, changes nothing, and needs no Temporal server', async () => {
    await worlds.withBucket(100, async (world, bucket) => {
      const there = changed(world, { TEMPORAL_ADDRESS: '127.0.0.1:9' });
      const ended = await legisync(there, 'backfill', '--dry-run', '--json');
      expect(ended.code).toBe(0);
      expect(json(ended)).toMatchObject({
        bucket,
        start: 'new',
        chunk: 1_000,
        // One of fifty files has no metadata. The folder and its placeholders are not files.
        plan: { objects: 103, files: 100, missing: 100, missingBytes: 102_886, heldByOtherBucket: 0 },
        expectation: { chunks: 1, basis: 'a benchmark on two cores' },
        unfinished: null,
      });
      const { stdout } = await legisync(there, 'backfill', '--dry-run', '--prefix', 'legifrance/cat1/');
      expect(stdout).toContain('33 files under legifrance/cat1/, 33 of them without a row');
      expect(stdout).toContain('Nothing was changed (--dry-run).');
      await expectNothingDone(bucket);
    });
  });

  it('exits with 8 if the database does not answer', async () => {
    await worlds.withBucket(0, async (world) => {
      const there = changed(world, { SUPABASE_URL: 'http://127.0.0.1:9' });
      const ended = await legisync(there, 'backfill', '--dry-run', '--json');
      expect(ended.code).toBe(8);
      expect(json(ended)).toMatchObject({ error: { code: 'DATABASE_BUSY' } });
    });
  });
});

describe('legisync backfill', () => {
  it.each([[['--dry-run']], [['--yes']], [['status']]])(
    '%j exits with 3 if Supabase is not configured',
    async (args) => {
      await worlds.withBucket(0, async ({ cwd, env }) => {
        const { SUPABASE_URL: _, SUPABASE_SERVICE_ROLE_KEY: __, ...without } = env;
        const { code, stderr } = await legisync({ cwd, env: without }, 'backfill', ...args);
        expect(code).toBe(3);
        expect(stderr).toContain('SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY are not set');
      });
    },
  );

  it('exits with 2 for an unknown command, and starts nothing', async () => {
    await worlds.withBucket(1, async (world, bucket) => {
      expect((await legisync(world, 'backfill', 'statsu', '--yes')).code).toBe(2);
      await expectNothingDone(bucket);
    });
  });

  it('exits with 2, and starts nothing, without a terminal and without --yes', async () => {
    await worlds.withBucket(3, async (world, bucket) => {
      const ended = await legisync(world, 'backfill', '--status', 'processed', '--json');
      expect(ended.code).toBe(2);
      expect(json(ended)).toMatchObject({
        error: {
          code: 'CONFIRMATION_NEEDED',
          message: expect.stringContaining('The question is: Backfill ') as string,
          next: 'legisync backfill --status processed --yes',
        },
      });
      await expectNothingDone(bucket);
    });
  });

  it('starts nothing if the answer is no', async () => {
    await worlds.withBucket(3, async (world, bucket) => {
      const asked: string[] = [];
      const ask = (question: string) => {
        asked.push(question);
        return Promise.resolve('n');
      };
      const ended = await legisync({ ...world, ask }, 'backfill');
      expect(ended).toMatchObject({ code: 0, stdout: 'Declined. Nothing was changed.\n' });
      expect(asked).toEqual([expect.stringMatching(/^3 files, 3 of them .*\nContinue\? \[y\/N\] $/s)]);
      await expectNothingDone(bucket);
    });
  });

  it('does not ask, and starts nothing, if nothing is missing', async () => {
    await worlds.withBucket(3, async (world, bucket) => {
      await legisync(world, 'backfill', '--yes');
      const ask = () => Promise.reject(new Error('There was a question.'));
      const ended = await legisync({ ...world, ask }, 'backfill');
      expect(ended).toMatchObject({
        code: 0,
        stdout: '3 files, and each has a row: there is nothing to queue.\n',
      });
      const sizes = await legisync({ ...world, ask }, 'backfill', '--fill-sizes', '--json');
      expect(json(sizes)).toMatchObject({ nothingToDo: true, plan: { withoutSize: 0 } });
      expect(
        await worlds.backfill.stack.sql('select from legisync.backfill_runs where bucket_id = $1', [bucket]),
      ).toHaveLength(1);
    });
  });

  it.each([
    ['the dry run', ['backfill', '--dry-run']],
    ['the start', ['backfill', '--yes']],
    ['the question', ['backfill']],
    ['its status', ['backfill', 'status']],
  ])('of a bucket that does not exist is refused by %s', async (_what, args) => {
    await worlds.withBucket(1, async (world) => {
      const env = { ...world.env, LEGISYNC_BUCKET: 'mispelt' };
      const ask = () => Promise.resolve('y');
      const ended = await legisync({ ...world, env, ask }, ...args);
      expect(ended.code).not.toBe(0);
      expect(ended.stderr).toContain('mispelt');
      expect(ended.stderr).toContain('LEGISYNC_BUCKET');
    });
  });

  it('says so if no file has the prefix', async () => {
    await worlds.withBucket(3, async (world) => {
      const ended = await legisync(world, 'backfill', '--dry-run', '--prefix', 'legifrance/nosuch/');
      expect(ended.code).toBe(0);
      expect(ended.stdout).toMatch(
        /^The bucket has no file under legifrance\/nosuch\/, and \d+ objects in all: there is nothing to queue\./,
      );
    });
  });

  it('names its target first, and where each address comes from', async () => {
    await worlds.withBucket(1, async (world, bucket) => {
      const { stderr } = await legisync(world, 'backfill', '--yes');
      const [first = ''] = stderr.split('\n');
      expect(first).toMatch(
        /^Target: Temporal 127\.0\.0\.1:\d+, namespace \S+ \(from the environment\); Supabase http/,
      );
      expect(first).toContain(`bucket ${bucket}`);
      expect((await legisync(world, 'backfill', '--dry-run')).stderr).toBe('');
    });
  });

  it('queues everything after a yes, and reports it', async () => {
    await worlds.withBucket(300, async (world, bucket) => {
      const ask = () => Promise.resolve('y');
      const { code, stdout } = await legisync({ ...world, ask }, 'backfill');
      expect(code).toBe(0);
      expect(stdout).toContain('300 rows queued');
      expect(stdout).toContain(
        'Verified: missing 0, in flight 0, held by another bucket 0, folders and placeholders 3.',
      );
      expect(await countsOf(worlds.backfill.stack, bucket)).toEqual({ rows: 300, paths: 300, missing: 0 });
    });
  });

  it('exits with 0 and prints the run as one JSON object; the progress goes to standard error', async () => {
    await worlds.withBucket(2_500, async (world, bucket) => {
      const ended = await legisync(world, 'backfill', '--yes', '--json');
      expect(ended.code).toBe(0);
      expect(json(ended)).toMatchObject({
        run: { bucket, state: 'completed', scanned: 2_503, queued: 2_500, missing: 0, skipped: 3 },
        timeouts: 0,
      });
      expect(ended.stderr).toMatch(/^(opening the run|queue: \d+ of 2503 objects|(catch_up|verify|end): )/m);
      expect(await countsOf(worlds.backfill.stack, bucket)).toEqual({
        rows: 2_500,
        paths: 2_500,
        missing: 0,
      });
    });
  });

  it('writes rows of files from before a time as processed, and later ones as pending', async () => {
    await worlds.withBucket(9, async (world, bucket) => {
      const { stack } = worlds.backfill;
      // Files are planted as of yesterday; three of them were written again today.
      await stack.sql(
        `update storage.objects set updated_at = now() where bucket_id = $1 and name like 'legifrance/cat1/%.json'`,
        [bucket],
      );
      const [hour] = await stack.sql<{ ago: string }>(
        `select to_char(now() at time zone 'UTC' - interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as ago`,
      );
      const args = ['backfill', '--status', 'processed', '--before', hour?.ago ?? '', '--yes'];
      expect((await legisync(world, ...args)).code).toBe(0);
      expect(
        await stack.sql(
          'select status, processed, count(*)::int from public.files_queue where bucket_id = $1 group by 1, 2 order by 1',
          [bucket],
        ),
      ).toEqual([
        { status: 'pending', processed: false, count: 3 },
        { status: 'processed', processed: true, count: 6 },
      ]);
    });
  });

  it('fills in the sizes of rows without one, and queues nothing, with --fill-sizes', async () => {
    await worlds.withBucket(10, async (world, bucket) => {
      const { stack } = worlds.backfill;
      await stack.sql(
        `insert into public.files_queue (file_path, bucket_id) select name, bucket_id from storage.objects
         where bucket_id = $1 and name like 'legifrance/cat0/%.json'`,
        [bucket],
      );
      const ended = await legisync(world, 'backfill', '--fill-sizes', '--yes', '--json');
      expect(ended.code).toBe(0);
      expect(json(ended)).toMatchObject({ run: { kind: 'sizes', sized: 4, queued: 0 } });
      expect((await countsOf(stack, bucket)).rows).toBe(4);
    });
  });

  it('exits with 130 after Ctrl-C and says that the run continues, which it does', async () => {
    await worlds.withBucket(50, async (world, bucket) => {
      const handle = worlds.backfill.client.workflow.getHandle(backfillWorkflowId(bucket));
      await whileOpening(worlds.backfill, bucket, async () => {
        const { code, stderr } = await legisyncInterruptedAt('opening the run', world, 'backfill', '--yes');
        expect(stderr).toContain(`Workflow backfill:${bucket} continues.`);
        expect(code).toBe(130);
        expect((await handle.describe()).status.name).toBe('RUNNING');
      });
      await handle.result();
      expect((await countsOf(worlds.backfill.stack, bucket)).missing).toBe(0);
    });
  });
});
