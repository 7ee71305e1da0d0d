import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pollUntil } from '../../local/launcher/poll.ts';
import { json, legisync, startLegisync, type Ended, type TestNamespace } from './harness.ts';
import { openReadyNamespace, withSupabase, withWorld, withWorldAndWorker } from './worlds.ts';

let env: TestNamespace;

beforeAll(async () => {
  env = await openReadyNamespace();
});
afterAll(() => env.close());

/** The cells of a row in one of the tables. */
function cellsOf({ stdout }: Ended, name: string): string[] | undefined {
  const rows = stdout.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  return rows.find(([first, ...others]) => first === name && others.length > 0);
}

const stateIn = (ended: Ended, collection: string) => cellsOf(ended, collection)?.[1];

describe('legisync status', () => {
  it('shows server, workers, collections and schedules, whether or not they are running', async () => {
    await withWorldAndWorker(env, async (world, collection) => {
      // A worker starts to poll a moment after its start.
      let idle = await legisync(world, 'status', '--json');
      await pollUntil(
        async () => {
          idle = await legisync(world, 'status', '--json');
          return json(idle)['workerCount'] === 1;
        },
        { everyMs: 100, timeoutMs: 20_000 },
      );
      expect(idle.code).toBe(0);
      expect(json(idle)).toMatchObject({
        temporal: { address: env.address },
        workerCount: 1,
        workers: [{ secondsSilent: expect.any(Number) as number }],
        collections: [{ collection, running: false }],
        supabase: null,
      });
      expect(json(idle)['schedules']).toContainEqual({
        id: `maintenance:${collection}`,
        state: 'missing',
        paused: false,
        nextRun: null,
      });
      await legisync(world, 'massive', 'start');
      expect(stateIn(await legisync(world, 'status'), collection)).toBe('collecting');
    });
  });

  it('exits with 0 and shows the rest, within seconds, if Supabase does not answer', async () => {
    await withSupabase(
      () => undefined,
      (SUPABASE) =>
        withWorld(env, async (world, collection) => {
          const startedAt = performance.now();
          const there = { ...world, env: { ...world.env, ...SUPABASE } };
          const ended = await legisync(there, 'status', '--json');
          // Other requests wait for 40 s.
          expect(performance.now() - startedAt).toBeLessThan(30_000);
          expect(ended.code).toBe(0);
          const [found] = json(ended)['collections'] as { problems: { code: string }[] }[];
          expect(found).toMatchObject({ collection, running: false, progress: null, catalogue: null });
          expect(found?.problems.map(({ code }) => code)).toEqual(['NOT_RUNNING', 'DATABASE_BUSY']);
        }),
    );
  });

  it('shows every MASSIVE that runs, and with --check exits with 0 only if each configured one runs', async () => {
    await withWorldAndWorker(env, async (world, collection) => {
      expect((await legisync(world, 'status', '--check')).code).toBe(5);
      await legisync(world, 'massive', 'start');
      const well = await legisync(world, 'status', '--check');
      expect(well).toMatchObject({ code: 0, stdout: expect.stringMatching(/^OK: /) as string });
      await legisync(world, 'massive', 'pause');
      expect((await legisync(world, 'status', '--check')).code).toBe(1);

      // The list of workflows lags behind.
      const elsewhere = { ...world, env: { ...world.env, LEGISYNC_MASSIVE: 'none' } };
      await pollUntil(async () => stateIn(await legisync(elsewhere, 'status'), collection) === 'paused', {
        everyMs: 100,
        timeoutMs: 60_000,
      });
      expect((await legisync(elsewhere, 'status', '--check')).code).toBe(0);
    });
  });

  it('repeats itself with --watch until Ctrl-C, which is no failure', async () => {
    await withWorldAndWorker(env, async (world, collection) => {
      const child = startLegisync(world, 'status', '--watch', '--json');
      const ended = new Promise((resolve) => child.once('close', resolve));
      const seen: boolean[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        const { collections } = JSON.parse(line) as { collections: { running: boolean }[] };
        const running = collections[0]?.running === true;
        if (seen.length === 0) await legisync(world, 'massive', 'start', collection);
        if (running) child.kill('SIGINT');
        seen.push(running);
      }
      expect(await ended).toBe(0);
      expect(seen).toEqual([false, ...seen.slice(1, -1), true]);

      const both = await legisync(world, 'status', '--watch', '--check');
      expect(both.code).toBe(2);
      expect(both.stderr).toContain("Option '--watch' cannot be used with option '--check'");
    });
  });

  it('finds the running stack of its folder', async () => {
    await withWorld(env, async ({ cwd, env: settings }) => {
      await mkdir(join(cwd, '.local'));
      await writeFile(join(cwd, '.local', 'stack.json'), JSON.stringify({ pid: process.pid, env: settings }));
      const ended = await legisync({ cwd, env: {} }, 'status', '--json');
      expect(ended.code).toBe(0);
      expect(json(ended)).toMatchObject({ temporal: { address: env.address } });
    });
  });

  it('refuses to guess addresses while the stack of its folder is starting', async () => {
    await withWorld(env, async ({ cwd, env: settings }) => {
      await mkdir(join(cwd, '.local'));
      await writeFile(join(cwd, '.local', 'stack.json'), JSON.stringify({ pid: process.pid, env: {} }));
      await writeFile(join(cwd, '.env'), `TEMPORAL_ADDRESS=${settings['TEMPORAL_ADDRESS'] ?? ''}\n`);
      for (const command of [['status'], ['massive', 'stop'], ['env']]) {
        const ended = await legisync({ cwd, env: {} }, ...command);
        expect(ended).toMatchObject({
          code: 3,
          stdout: '',
          stderr: expect.stringMatching(
            /^Error STACK_STARTING: .*stack\.json is still starting.*\nNext: repeat/,
          ) as string,
        });
      }
    });
  });

  it('shows no next run for a paused schedule, even if it differs or is not declared', async () => {
    await withWorld(env, async (world, collection) => {
      const id = `maintenance:${collection}`;
      const shown = async (change: Record<string, string> = {}) => {
        const there = { ...world, env: { ...world.env, ...change } };
        const { schedules } = json(await legisync(there, 'status', '--json'));
        const text = await legisync(there, 'status');
        const found = (schedules as { id: string }[]).find((schedule) => schedule.id === id);
        return { found, cells: cellsOf(text, id) };
      };
      await legisync(world, 'schedules', 'apply');
      const active = await shown();
      expect(active.found).toMatchObject({ state: 'active', paused: false });
      expect(active.cells).toEqual([id, 'active', expect.stringMatching(/^2\d{3}-/)]);

      await env.client.schedule.getHandle(id).pause();
      const paused = { paused: true, nextRun: null };
      expect(await shown()).toEqual({ found: { id, state: 'paused', ...paused }, cells: [id, 'paused', ''] });
      expect(await shown({ LEGISYNC_MAINTENANCE_LIMIT: '7' })).toEqual({
        found: { id, state: 'differs', ...paused },
        cells: [id, 'differs, paused', ''],
      });
      const { schedules } = json(await legisync(world, 'schedules', 'plan', '--json'));
      expect(schedules).toContainEqual({ action: 'keep', id, paused: true });
    });
  });

  it('exits with 3 if the server does not have the namespace', async () => {
    await withWorld(env, async (world) => {
      const ended = await legisync(
        { ...world, env: { ...world.env, TEMPORAL_NAMESPACE: 'nowhere' } },
        'status',
        '--json',
      );
      expect(ended.code).toBe(3);
      expect(json(ended)).toMatchObject({ error: { message: expect.stringContaining('nowhere') as string } });
    });
  });
});
