import type { RequestListener } from 'node:http';
import { json, legisync, type TestNamespace } from './harness.ts';
import { openReadyNamespace, withSupabase, withWorld, withWorldAndWorker } from './worlds.ts';

let env: TestNamespace;

beforeAll(async () => {
  env = await openReadyNamespace();
});
afterAll(() => env.close());

describe('legisync massive', () => {
  it('starts once: the second start says that it is running and leaves it as it is', async () => {
    await withWorldAndWorker(env, async (world, collection) => {
      expect((await legisync(world, 'massive', 'start', collection)).stdout).toContain(
        'started with 4 lanes',
      );
      const handle = env.client.workflow.getHandle(`massive:${collection}`);
      const { runId } = await handle.describe();
      const second = await legisync(world, 'massive', 'start', collection);
      expect(second).toMatchObject({ code: 0, stdout: `${collection}: already running; nothing to do\n` });
      expect((await handle.describe()).runId).toBe(runId);
    });
  });

  it('is one workflow, even when two start it at the same moment', async () => {
    await withWorldAndWorker(env, async (world) => {
      const both = await Promise.all([1, 2].map(() => legisync(world, 'massive', 'start', '--json')));
      const started = both.map((ended) => (json(ended)['collections'] as { started: boolean }[])[0]?.started);
      expect(started.sort()).toEqual([false, true]);
    });
  });

  it('is steered by Updates, each of which answers with the state that it left', async () => {
    await withWorldAndWorker(env, async (world, collection) => {
      await legisync(world, 'massive', 'start');
      const progress = async (...args: string[]) => {
        const ended = await legisync(world, 'massive', ...args, '--json');
        expect([args, ended.code]).toEqual([args, 0]);
        return (json(ended)['collections'] as unknown[])[0];
      };
      expect(await progress('pause', '--reason', 'quota')).toMatchObject({
        state: 'paused',
        controls: { paused: true },
      });
      expect(await progress('status')).toMatchObject({
        collection,
        running: true,
        progress: { state: 'paused' },
        catalogue: null,
      });
      expect(await progress('resume')).toMatchObject({ state: 'collecting', controls: { paused: false } });
      expect(await progress('concurrency', '8')).toMatchObject({ controls: { lanes: 8 } });
      expect(await progress('stop')).toMatchObject({ state: 'stopping' });
    });
  });

  it('ends with 6 and the workflow’s reason where the workflow refuses', async () => {
    await withWorldAndWorker(env, async (world) => {
      await legisync(world, 'massive', 'start');
      const ended = await legisync(world, 'massive', 'concurrency', '13', '--json');
      expect(ended.code).toBe(6);
      expect(json(ended)).toMatchObject({ error: { code: 'REFUSED', message: '13 lanes are refused' } });
    });
  });

  it.each(['0', '17', 'x', '1.5'])('ends with 2 for %s lanes, and sends nothing', async (lanes) => {
    await withWorld(env, async (world) => {
      const { code, stderr } = await legisync(world, 'massive', 'concurrency', lanes);
      expect(code).toBe(2);
      expect(stderr).toContain(`"${lanes}"`);
    });
  });

  it('ends with 5 and the command that starts it, where it is not running or was stopped', async () => {
    await withWorldAndWorker(env, async (world, collection) => {
      const pause = () => legisync(world, 'massive', 'pause');
      expect((await pause()).code).toBe(5);
      await legisync(world, 'massive', 'start');
      await legisync(world, 'massive', 'stop');
      await env.client.workflow.getHandle(`massive:${collection}`).result();
      const { code, stderr } = await pause();
      expect(code).toBe(5);
      expect(stderr).toContain(`Next: legisync massive start ${collection}`);
      expect((await legisync(world, 'massive', 'status')).code).toBe(5);
    });
  });

  it('shows the progress where Supabase refuses, ends its status with 8, and does not repeat a key', async () => {
    const key = 'sb_secret_canary4711';
    await withSupabase(
      (_request, response) => response.writeHead(401).end(JSON.stringify({ message: `no such key: ${key}` })),
      async (settings) => {
        await withWorldAndWorker(env, async (world, collection) => {
          await legisync(world, 'massive', 'start');
          const withKey = { ...settings, SUPABASE_SERVICE_ROLE_KEY: key };
          const there = { ...world, env: { ...world.env, ...withKey } };
          const shown = await legisync(there, 'massive', 'status');
          expect(shown.code).toBe(8);
          expect(shown.stdout).toContain(`${collection}: collecting, pass 1`);
          expect(shown.stdout).toContain('catalogue: legisync_collection_counts failed');
          const ended = await legisync(there, 'massive', 'status', '--json');
          expect(json(ended)).toMatchObject({
            collections: [
              { running: true, progress: {}, catalogue: null, problems: [{ code: 'DATABASE_REFUSED' }] },
            ],
          });
          expect(`${shown.stdout}${shown.stderr}${ended.stdout}${ended.stderr}`).not.toContain(key);
        });
      },
    );
  });

  it('shows what the catalogue holds, and how many parked slices it does not name', async () => {
    const parked = {
      source: 'decisions',
      key: { kind: 'undated' },
      code: 'LEGIFRANCE_REJECTED',
      message: 'no',
    };
    const counts = {
      pass: 3,
      passComplete: false,
      documents: { stored: 5, failed: 1 },
      openSlices: 2,
      parkedSliceCount: 24,
      parkedSlices: [parked],
      failures: { DOCUMENT_MALFORMED: 1 },
    };
    await withSupabase(
      (_request, response) =>
        response.setHeader('content-type', 'application/json').end(JSON.stringify(counts)),
      (SUPABASE) =>
        withWorld(env, async (world) => {
          const { stdout } = await legisync(
            { ...world, env: { ...world.env, ...SUPABASE } },
            'massive',
            'status',
          );
          expect(stdout.split('\n').slice(1, -1)).toEqual([
            '  catalogue, pass 3: stored 5, failed 1',
            '  slices still to enumerate: 2',
            '  parked slice of decisions: LEGIFRANCE_REJECTED: no',
            '  parked slices besides these: 23',
            '  failures: DOCUMENT_MALFORMED 1',
          ]);
        }),
    );
  });

  it('ends with 2 and the nearest name where no collection has this name', async () => {
    await withWorld(env, async (world, collection) => {
      const { code, stderr } = await legisync(world, 'massive', 'start', `${collection}x`);
      expect(code).toBe(2);
      expect(stderr).toContain(`Did you mean ${collection}?`);
    });
  });

  it('begins with what an operator last set, as Postgres has kept it', async () => {
    const calls: string[] = [];
    const answer: RequestListener = (request, response) => {
      calls.push(request.url ?? '');
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ paused: true, lanes: 7 }));
    };
    await withSupabase(answer, (SUPABASE) =>
      withWorld(env, async (world, collection) => {
        const started = await legisync(
          { ...world, env: { ...world.env, ...SUPABASE } },
          'massive',
          'start',
          '--json',
        );
        expect(json(started)).toMatchObject({
          collections: [{ started: true, controls: { paused: true, lanes: 7 } }],
        });
        expect(calls).toEqual(['/rest/v1/rpc/legisync_collection_controls']);
        const history = await env.client.workflow.getHandle(`massive:${collection}`).fetchHistory();
        const [payload] = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
        expect(JSON.parse(Buffer.from(payload?.data ?? []).toString())).toEqual({
          collection,
          controls: { paused: true, lanes: 7 },
        });
      }),
    );
  });

  it('ends with 8, and starts nothing, where Supabase cannot say what was set', async () => {
    await withWorld(env, async (world, collection) => {
      const SUPABASE = { SUPABASE_URL: 'http://127.0.0.1:9', SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_test' };
      const { code } = await legisync({ ...world, env: { ...world.env, ...SUPABASE } }, 'massive', 'start');
      expect(code).toBe(8);
      await expect(env.client.workflow.getHandle(`massive:${collection}`).describe()).rejects.toThrow();
    });
  });
});
