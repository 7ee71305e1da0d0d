import { backfillWorkflowId } from '../../src/contract/names.ts';
import { countsOf } from '../support/buckets.ts';
import { emptyTables } from '../support/queue.ts';
import { eventually } from '../support/workers.ts';
import {
  leaveUnfinished,
  openBackfillWorlds,
  runsOf,
  startPaused,
  whileOpening,
  type BackfillWorlds,
} from './backfillWorlds.ts';
import { json, legisync, legisyncInterruptedAt, legisyncUntil } from './harness.ts';

let worlds: BackfillWorlds;

beforeAll(async () => {
  worlds = await openBackfillWorlds();
});
beforeEach(() => emptyTables(worlds.backfill.stack));
afterAll(() => worlds.close());

describe('a backfill that runs', () => {
  it('is the only one of its bucket: a second start exits with 6 and leaves it unchanged', async () => {
    await worlds.withBucket(20, async (world, bucket) => {
      await startPaused(worlds.backfill, world, bucket);
      for (const args of [[], ['--resume'], ['--restart']]) {
        const ended = await legisync(world, 'backfill', ...args, '--yes', '--json');
        expect([args, ended.code]).toEqual([args, 6]);
        expect(json(ended)).toMatchObject({
          error: { code: 'ALREADY_RUNNING', next: 'legisync backfill status --wait' },
        });
      }
      expect(await runsOf(worlds.backfill, bucket)).toEqual([{ state: 'running', queued: 0 }]);
    });
  });

  it('returns at once with --detach, is paused and resumed, and shows its progress', async () => {
    await worlds.withBucket(20, async (world, bucket) => {
      await whileOpening(worlds.backfill, bucket, async () => {
        const started = await legisync(world, 'backfill', '--yes', '--detach', '--json');
        expect(started).toMatchObject({ code: 0 });
        expect(json(started)).toEqual({ workflowId: `backfill:${bucket}` });
        expect((await legisync(world, 'backfill', 'status')).stdout).toBe('opening the run\n');
        const paused = await legisync(world, 'backfill', 'pause', '--json');
        expect(json(paused)).toMatchObject({ running: true, progress: { phase: 'opening', paused: true } });
      });
      await eventually(async () =>
        (await legisync(world, 'backfill', 'status')).stdout.startsWith('paused in queue'),
      );
      expect(json(await legisync(world, 'backfill', 'status', '--json'))).toMatchObject({
        running: true,
        progress: {
          phase: 'queue',
          paused: true,
          objects: 23,
          done: 0,
          rate: null,
          run: { bucket, queued: 0 },
        },
      });
      const resumed = await legisync(world, 'backfill', 'resume', '--json');
      expect(resumed.code).toBe(0);
      expect(json(resumed)).toMatchObject({ progress: { paused: false } });
      const waited = await legisync(world, 'backfill', 'status', '--wait', '--json');
      expect(waited.code).toBe(0);
      expect(json(waited)).toMatchObject({ run: { state: 'completed', queued: 20, missing: 0 } });
      const { code, stdout } = await legisync(world, 'backfill', 'status');
      expect(code).toBe(0);
      expect(stdout).toContain('20 rows queued');
    });
  });

  it('exits with 2 for a reason that is too long, and stays unchanged', async () => {
    await worlds.withBucket(1, async (world, bucket) => {
      await startPaused(worlds.backfill, world, bucket);
      const ended = await legisync(world, 'backfill', 'pause', '--reason', 'x'.repeat(201), '--json');
      expect(ended.code).toBe(2);
      expect(json(ended)).toMatchObject({ error: { code: 'USAGE' } });
      expect((await legisync(world, 'backfill', 'status')).stdout).toMatch(/^paused in queue/);
    });
  });

  it('is named by a dry run while it is unfinished', async () => {
    await worlds.withBucket(5, async (world, bucket) => {
      await startPaused(worlds.backfill, world, bucket);
      expect((await legisync(world, 'backfill', '--dry-run')).stdout).toMatch(
        /Run \d+ is unfinished: 0 objects read, 0 queued \(use --resume or --restart\)\./,
      );
    });
  });

  it('continues if the command that waits for it exits with 130 after Ctrl-C', async () => {
    await worlds.withBucket(5, async (world, bucket) => {
      await startPaused(worlds.backfill, world, bucket);
      const args = ['backfill', 'status', '--wait'];
      const { code, stderr } = await legisyncInterruptedAt('paused in queue', world, ...args);
      expect(code).toBe(130);
      expect(stderr).toContain('`legisync backfill status --wait` follows it again');
      expect((await legisync(world, 'backfill', 'status')).stdout).toContain('paused in queue');
    });
  });

  it.each(['cancel', 'terminate'] as const)(
    'makes a waiting command exit with 1 and say how to resume, after a %s',
    async (how) => {
      await worlds.withBucket(5, async (world, bucket) => {
        await startPaused(worlds.backfill, world, bucket);
        const end = () => worlds.backfill.client.workflow.getHandle(backfillWorkflowId(bucket))[how]();
        const args = ['backfill', 'status', '--wait', '--json'];
        const ended = await legisyncUntil('paused in queue', end, world, ...args);
        expect(ended.code).toBe(1);
        expect(json(ended)).toMatchObject({ error: { code: 'STOPPED', next: 'legisync backfill --resume' } });
      });
    },
  );

  it('exits with 7 if no worker answers, and warns of it at the start', async () => {
    await worlds.withBucket(1, async (world) => {
      const unserved = {
        ...world,
        env: { ...world.env, LEGISYNC_TASK_QUEUE: `${worlds.backfill.taskQueue}-unserved` },
      };
      expect((await legisync(unserved, 'backfill', '--yes', '--detach')).stderr).toContain('npm run worker');
      const ended = await legisync(unserved, 'backfill', 'status', '--json');
      expect(ended.code).toBe(7);
      expect(json(ended)).toMatchObject({ error: { code: 'NO_WORKER' } });
    });
  });
});

describe('a backfill that was stopped', () => {
  it('is not restarted by mistake: the refusal names both options', async () => {
    await worlds.withBucket(20, async (world, bucket) => {
      await leaveUnfinished(worlds.backfill, world, bucket);
      const { code, stdout } = await legisync(world, 'backfill', 'status');
      expect(code).toBe(0);
      expect(stdout).toContain(
        'unfinished, and no workflow is working on it: 0 objects read, 0 queued, 0 chunks.',
      );
      expect(stdout).toContain('Next: legisync backfill --resume');
      const ended = await legisync(world, 'backfill', '--yes', '--json');
      expect(ended.code).toBe(6);
      const { error } = json(ended) as { error: { code: string; message: string } };
      expect(error.code).toBe('BACKFILL_REFUSED');
      expect(error.message).toContain('Resume it (--resume), or abandon it and start a new run (--restart)');
      expect(await runsOf(worlds.backfill, bucket)).toEqual([{ state: 'running', queued: 0 }]);
    });
  });

  it('continues with --resume, in the same run, after a yes', async () => {
    await worlds.withBucket(20, async (world, bucket) => {
      await leaveUnfinished(worlds.backfill, world, bucket);
      const asked: string[] = [];
      const ask = (question: string) => {
        asked.push(question);
        return Promise.resolve('y');
      };
      expect((await legisync({ ...world, ask }, 'backfill', '--resume')).code).toBe(0);
      expect(asked).toEqual([expect.stringContaining('has read 0 objects and queued 0. Continue it?')]);
      expect(await runsOf(worlds.backfill, bucket)).toEqual([{ state: 'completed', queued: 20 }]);
      expect((await countsOf(worlds.backfill.stack, bucket)).missing).toBe(0);
    });
  });

  it('is abandoned with --restart for a new run', async () => {
    await worlds.withBucket(20, async (world, bucket) => {
      await leaveUnfinished(worlds.backfill, world, bucket);
      expect((await legisync(world, 'backfill', '--restart', '--yes')).code).toBe(0);
      expect(await runsOf(worlds.backfill, bucket)).toEqual([
        { state: 'abandoned', queued: 0 },
        { state: 'completed', queued: 20 },
      ]);
    });
  });
});

describe('a backfill that never ran', () => {
  it('has a status, too', async () => {
    await worlds.withBucket(0, async (world, bucket) => {
      const { code, stdout } = await legisync(world, 'backfill', 'status');
      expect({ code, stdout }).toEqual({ code: 0, stdout: `There has been no backfill of ${bucket} yet.\n` });
      expect(json(await legisync(world, 'backfill', 'status', '--json'))).toEqual({
        running: false,
        run: null,
      });
    });
  });

  it.each(['pause', 'resume', 'stop'])(
    'makes `%s` exit with 5 and name the command that starts it',
    async (command) => {
      await worlds.withBucket(0, async (world) => {
        const { code, stderr } = await legisync(world, 'backfill', command);
        expect(code).toBe(5);
        expect(stderr).toContain('Error NOT_RUNNING');
        expect(stderr).toContain('Next: legisync backfill');
      });
    },
  );

  it('cannot be resumed', async () => {
    await worlds.withBucket(0, async (world, bucket) => {
      const { code, stderr } = await legisync(world, 'backfill', '--resume', '--yes');
      expect(code).toBe(6);
      expect(stderr).toContain(`Error BACKFILL_REFUSED: ${bucket} has no unfinished run to resume`);
    });
  });
});
