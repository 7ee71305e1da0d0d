import type { RequestListener } from 'node:http';
import { WorkflowNotFoundError } from '@temporalio/client';
import { FAILURES } from '../../src/contract/failures.ts';
import { json, legisync, type TestNamespace } from './harness.ts';
import { openReadyNamespace, withSupabase, withWorld, withWorldAndWorker } from './worlds.ts';

let env: TestNamespace;

beforeAll(async () => {
  env = await openReadyNamespace();
});
afterAll(() => env.close());

describe('legisync massive', () => {
  it('starts once: the second start says that it is running and leaves it unchanged', async () => {
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

  it('is one workflow, even if two clients start it at the same moment', async () => {
    await withWorldAndWorker(env, async (world) => {
      const both = await Promise.all([1, 2].map(() => legisync(world, 'massive', 'start', '--json')));
      const started = both.map((ended) => (json(ended)['collections'] as { started: boolean }[])[0]?.started);
      expect(started.sort()).toEqual([false, true]);
    });
  });

  it('is controlled by Updates, each of which returns the state after it', async () => {
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
      expect(await progress('lanes', '8')).toMatchObject({ controls: { lanes: 8 } });
      expect(await progress('stop')).toMatchObject({ state: 'stopping' });
    });
  });

  it('exits with 6 and the workflow’s reason if the workflow refuses', async () => {
    await withWorldAndWorker(env, async (world) => {
      await legisync(world, 'massive', 'start');
      const ended = await legisync(world, 'massive', 'lanes', '13', '--json');
      expect(ended.code).toBe(6);
      expect(json(ended)).toMatchObject({ error: { code: 'REFUSED', message: '13 lanes are refused' } });
    });
  });

  it.each(['0', '17', 'x', '1.5'])('exits with 2 for %s lanes, and sends nothing', async (lanes) => {
    await withWorld(env, async (world) => {
      const { code, stderr } = await legisync(world, 'massive', 'lanes', lanes);
      expect(code).toBe(2);
      expect(stderr).toContain('Error USAGE: The number of lanes must be a whole number from 1 to 16');
      expect(stderr).toContain(`"${lanes}"`);
    });
  });

  it('exits with 5 and the command that starts it, if it is not running or was stopped', async () => {
    await withWorldAndWorker(env, async (world, collection) => {
      const pause = () => legisync(world, 'massive', 'pause');
      expect((await pause()).code).toBe(5);
      await legisync(world, 'massive', 'start');
      await legisync(world, 'massive', 'stop');
      await env.client.workflow.getHandle(`massive:${collection}`).result();
      const { code, stderr } = await pause();
      expect(code).toBe(5);
      expect(stderr).toContain(`Next: legisync massive start ${collection}`);
      expect(stderr).toMatch(/is not running\. Its last run ended at 20\S+Z\.\n/);
      expect((await legisync(world, 'massive', 'status')).code).toBe(5);

      await legisync(world, 'massive', 'start');
      await env.client.workflow.getHandle(`massive:${collection}`).terminate('by mistake');
      expect((await pause()).stderr).toMatch(/Its last run was terminated at \S+Z by \S+: by mistake\.\n/);
    });
  });

  it('shows the progress if Supabase refuses, exits with 8, and does not print a key', async () => {
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
          expect(shown.stdout).toContain(
            'catalogue: SUPABASE_CREDENTIALS: legisync_collection_counts failed',
          );
          expect(shown.stdout.split('\n')).toContain(`  Next: ${FAILURES.SUPABASE_CREDENTIALS.remedy}`);
          const ended = await legisync(there, 'massive', 'status', '--json');
          expect(json(ended)).toMatchObject({
            collections: [
              { running: true, progress: {}, catalogue: null, problems: [{ code: 'SUPABASE_CREDENTIALS' }] },
            ],
          });
          expect(`${shown.stdout}${shown.stderr}${ended.stdout}${ended.stderr}`).not.toContain(key);
        });
      },
    );
  });

  it('shows the catalogue, and how many more slices are parked than it lists', async () => {
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
      unavailable: [{ source: 'codes', code: 'LEGITEXT000006074075', count: 3 }],
    };
    await withSupabase(
      (_request, response) =>
        response.setHeader('content-type', 'application/json').end(JSON.stringify(counts)),
      (SUPABASE) =>
        withWorld(env, async (world, collection) => {
          const { stdout } = await legisync(
            { ...world, env: { ...world.env, ...SUPABASE } },
            'massive',
            'status',
          );
          expect(stdout.trimEnd().split('\n')).toEqual([
            `${collection}: NOT_RUNNING: MASSIVE of ${collection} is not running. Temporal has no run of it.`,
            `  Next: legisync massive start ${collection}`,
            '  catalogue, pass 3: stored 5, failed 1',
            '  slices still to enumerate: 2',
            '  parked slice of decisions, without a date: LEGIFRANCE_REJECTED: no',
            '  other parked slices: 23',
            `  Next: for LEGIFRANCE_REJECTED: ${FAILURES.LEGIFRANCE_REJECTED.remedy} The next pass tries again.`,
            '  failures: DOCUMENT_MALFORMED 1',
            '  unavailable in codes, LEGITEXT000006074075: 3, each asked for again within a week',
          ]);
        }),
    );
  });

  it('exits with 2 and the nearest name if no collection has this name', async () => {
    await withWorld(env, async (world, collection) => {
      const { code, stderr } = await legisync(world, 'massive', 'start', `${collection}x`);
      expect(code).toBe(2);
      expect(stderr).toContain(`Did you mean ${collection}?`);
    });
  });

  it('starts with the operator’s last controls, which Postgres has stored', async () => {
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

  it('exits with 8, and starts nothing, if Supabase does not return the controls', async () => {
    await withWorld(env, async (world, collection) => {
      const SUPABASE = { SUPABASE_URL: 'http://127.0.0.1:9', SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_test' };
      const { code } = await legisync({ ...world, env: { ...world.env, ...SUPABASE } }, 'massive', 'start');
      expect(code).toBe(8);
      await expect(env.client.workflow.getHandle(`massive:${collection}`).describe()).rejects.toThrow(
        WorkflowNotFoundError,
      );
    });
  });
});
