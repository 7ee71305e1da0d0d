import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { pollUntil } from '../../local/launcher/poll.ts';
import { ensureSearchAttributes } from '../../src/temporal/searchAttributes.ts';
import { withResets } from './resets.ts';
import {
  json,
  legisync,
  legisyncInterruptedAt,
  openNamespace,
  type TestNamespace,
  withCommandFolder,
  withStubWorker,
  type World,
} from './harness.ts';

const collectionKey = defineSearchAttributeKey('LegisyncCollection', SearchAttributeType.KEYWORD);

let env: TestNamespace;

beforeAll(async () => {
  env = await openNamespace();
});
afterAll(() => env.close());

/** Each test has a folder, a task queue and a collection of its own, so that no workflow is in another one's way. */
async function withWorld(
  use: (world: World, collection: string, taskQueue: string) => Promise<void>,
): Promise<void> {
  await withCommandFolder(async (cwd) => {
    const collection = `c${randomUUID().slice(0, 8)}`;
    const taskQueue = `queue-${collection}`;
    const sources = [
      { kind: 'search', name: 'decisions', fond: 'CETAT', query: 'urbanisme' },
      { kind: 'codes', name: 'codes' },
    ];
    await writeFile(join(cwd, 'collections.json'), JSON.stringify([{ name: collection, sources }]));
    const world = {
      cwd,
      env: {
        TEMPORAL_ADDRESS: env.address,
        TEMPORAL_NAMESPACE: env.namespace,
        LEGISYNC_TASK_QUEUE: taskQueue,
        LEGISYNC_COLLECTIONS: 'collections.json',
        LEGISYNC_MASSIVE: collection,
        LEGISYNC_MAINTENANCE: collection,
      },
    };
    try {
      await use(world, collection, taskQueue);
    } finally {
      for (const id of [`massive:${collection}`, `maintenance:${collection}:manual`]) {
        await env.client.workflow
          .getHandle(id)
          .terminate()
          .catch(() => undefined);
      }
    }
  });
}

/** The same, with a worker. */
function withWorldAndWorker(use: (world: World, collection: string) => Promise<void>): Promise<void> {
  return withWorld((world, collection, taskQueue) =>
    withStubWorker(env, taskQueue, () => use(world, collection)),
  );
}

/** Lends the settings of a Supabase that answers as `answer` says. */
async function withSupabase(
  answer: RequestListener,
  use: (settings: Record<string, string>) => Promise<void>,
): Promise<void> {
  const supabase = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => supabase.once('listening', resolve));
  try {
    const { port } = supabase.address() as AddressInfo;
    const SUPABASE_URL = `http://127.0.0.1:${port}`;
    await use({ SUPABASE_URL, SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_test' });
  } finally {
    supabase.closeAllConnections();
    await new Promise((resolve) => supabase.close(resolve));
  }
}

describe('legisync up', () => {
  it('registers search attributes, applies schedules and starts collections; the second time nothing is left to do', async () => {
    await withWorld(async (world, collection) => {
      const first = await legisync(world, 'up', '--json');
      expect(first.code).toBe(0);
      const temporal = { address: env.address, namespace: env.namespace };
      expect(json(first)).toMatchObject({
        temporal,
        schedules: expect.arrayContaining([{ action: 'create', id: `maintenance:${collection}` }]) as unknown,
        collections: [
          {
            collection,
            workflowId: `massive:${collection}`,
            started: true,
            controls: { paused: false, lanes: 4 },
          },
        ],
      });
      const { customAttributes } = await env.connection.operatorService.listSearchAttributes({
        namespace: env.namespace,
      });
      expect(Object.keys(customAttributes).sort()).toEqual(['LegisyncCollection', 'LegisyncState']);
      const { typedSearchAttributes, staticSummary } = await env.client.workflow
        .getHandle(`massive:${collection}`)
        .describe();
      expect(typedSearchAttributes.get(collectionKey)).toBe(collection);
      expect(await staticSummary()).toBe(`MASSIVE collection of ${collection}`);

      const second = await legisync(world, 'up', '--json');
      expect(second.code).toBe(0);
      expect(json(second)).toMatchObject({ searchAttributes: [], collections: [{ started: false }] });
      expect(json(second)['schedules']).toContainEqual({ action: 'keep', id: `maintenance:${collection}` });
    });
  });
});

describe('legisync massive', () => {
  beforeAll(() =>
    withWorld(async (world) => {
      await legisync(world, 'up');
    }),
  );

  it('starts once: the second start says that it is running and leaves it as it is', async () => {
    await withWorldAndWorker(async (world, collection) => {
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
    await withWorldAndWorker(async (world) => {
      const both = await Promise.all([1, 2].map(() => legisync(world, 'massive', 'start', '--json')));
      const started = both.map((ended) => (json(ended)['collections'] as { started: boolean }[])[0]?.started);
      expect(started.sort()).toEqual([false, true]);
    });
  });

  it('is steered by Updates, each of which answers with the state that it left', async () => {
    await withWorldAndWorker(async (world, collection) => {
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
    await withWorldAndWorker(async (world) => {
      await legisync(world, 'massive', 'start');
      const ended = await legisync(world, 'massive', 'concurrency', '13', '--json');
      expect(ended.code).toBe(6);
      expect(json(ended)).toMatchObject({ error: { code: 'REFUSED', message: '13 lanes are refused' } });
    });
  });

  it.each(['0', '17', 'x', '1.5'])('ends with 2 for %s lanes, and sends nothing', async (lanes) => {
    await withWorld(async (world) => {
      const { code, stderr } = await legisync(world, 'massive', 'concurrency', lanes);
      expect(code).toBe(2);
      expect(stderr).toContain(`"${lanes}"`);
    });
  });

  it('ends with 5 and the command that starts it, where it is not running or was stopped', async () => {
    await withWorldAndWorker(async (world, collection) => {
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

  it('ends with 7 where no worker answers, and says so at the start already', async () => {
    await withWorld(async (world, collection) => {
      expect((await legisync(world, 'massive', 'start')).stderr).toContain('npm run worker');
      const ended = await legisync(world, 'massive', 'status', '--json');
      expect(ended.code).toBe(7);
      expect(json(ended)).toEqual({
        collections: [
          {
            collection,
            running: true,
            progress: null,
            catalogue: null,
            problems: [
              {
                code: 'NO_WORKER',
                message: expect.stringContaining('no worker') as string,
                next: 'npm run worker',
              },
            ],
          },
        ],
      });
    });
  });

  it.each([
    ['status', 'QueryWorkflow'],
    ['resume', 'UpdateWorkflowExecution'],
  ])('ends `%s` with 7, too, where the server notices first that nobody answers', async (command, method) => {
    await withWorld(async (world) => {
      await legisync(world, 'massive', 'start');
      await withResets(env.address, method, async (TEMPORAL_ADDRESS) => {
        const there = { ...world, env: { ...world.env, TEMPORAL_ADDRESS } };
        expect((await legisync(there, 'massive', command)).code).toBe(7);
      });
    });
  });

  it('ends an Update with 7 where no worker accepts it', async () => {
    await withWorld(async (world) => {
      await legisync(world, 'massive', 'start');
      const ended = await legisync(world, 'massive', 'resume', '--json');
      expect(ended.code).toBe(7);
      expect(json(ended)).toMatchObject({ error: { code: 'NO_WORKER' } });
    });
  });

  it('ends with 7, but says that a pause is obeyed, where the workflow cannot confirm it in time', async () => {
    await withWorldAndWorker(async (world) => {
      await legisync(world, 'massive', 'start');
      const ended = await legisync(world, 'massive', 'pause', '--reason', 'outage', '--json');
      expect(ended.code).toBe(7);
      expect(json(ended)).toMatchObject({
        error: { code: 'NOT_CONFIRMED', message: expect.stringContaining('accepted pause') as string },
      });
      expect((await legisync(world, 'massive', 'status')).stdout).toContain('paused');
    });
  });

  it('waits for the end with `stop --wait`, and answers with the final state', async () => {
    await withWorldAndWorker(async (world, collection) => {
      await legisync(world, 'massive', 'start');
      const ended = await legisync(world, 'massive', 'stop', '--wait', '--json');
      expect(ended.code).toBe(0);
      expect(ended.stderr).toContain(`Waiting for the end of massive:${collection}`);
      expect(json(ended)).toMatchObject({ collections: [{ collection, state: 'stopping', busy: 0 }] });
      const { status } = await env.client.workflow.getHandle(`massive:${collection}`).describe();
      expect(status.name).toBe('COMPLETED');
    });
  });

  it('ends with 130 at Ctrl-C during `stop --wait`, and does not take the stop back', async () => {
    await withWorldAndWorker(async (world, collection) => {
      await legisync(world, 'massive', 'start');
      await legisync(world, 'massive', 'concurrency', '11');
      const args = ['massive', 'stop', collection, '--wait'];
      const { code, stderr } = await legisyncInterruptedAt('Waiting for', world, ...args);
      expect(stderr).toContain(`MASSIVE of ${collection} ends by itself`);
      expect(code).toBe(130);
      expect((await legisync(world, 'massive', 'status')).stdout).toContain('stopping');
    });
  });

  it('ends with 1 where the collection is terminated while its end is waited for', async () => {
    await withWorldAndWorker(async (world, collection) => {
      await legisync(world, 'massive', 'start');
      await legisync(world, 'massive', 'concurrency', '11');
      const waiting = legisync(world, 'massive', 'stop', '--wait', '--json');
      const handle = env.client.workflow.getHandle(`massive:${collection}`);
      await pollUntil(async () => (await handle.query<{ state: string }>('progress')).state === 'stopping', {
        everyMs: 50,
        timeoutMs: 20_000,
      });
      await handle.terminate();
      const ended = await waiting;
      expect(ended.code).toBe(1);
      expect(json(ended)).toMatchObject({ error: { code: 'WORKFLOW_FAILED' } });
    });
  });

  it('shows the progress where Supabase refuses, ends its status with 8, and does not repeat a key', async () => {
    const key = 'sb_secret_canary4711';
    await withSupabase(
      (_request, response) => response.writeHead(401).end(JSON.stringify({ message: `no such key: ${key}` })),
      async (settings) => {
        await withWorldAndWorker(async (world, collection) => {
          await legisync(world, 'massive', 'start');
          const withKey = { ...settings, SUPABASE_SERVICE_ROLE_KEY: key };
          const there = { ...world, env: { ...world.env, ...withKey } };
          const shown = await legisync(there, 'massive', 'status');
          expect(shown.code).toBe(8);
          expect(shown.stdout).toContain(`${collection}: collecting, pass 1`);
          expect(shown.stdout).toContain('catalogue: collection_counts failed');
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
    const parked = { source: 'decisions', key: {}, code: 'LEGIFRANCE_REJECTED', message: 'no' };
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
        withWorld(async (world) => {
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
    await withWorld(async (world, collection) => {
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
      withWorld(async (world, collection) => {
        const started = await legisync(
          { ...world, env: { ...world.env, ...SUPABASE } },
          'massive',
          'start',
          '--json',
        );
        expect(json(started)).toMatchObject({
          collections: [{ started: true, controls: { paused: true, lanes: 7 } }],
        });
        expect(calls).toEqual(['/rest/v1/rpc/collection_controls']);
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
    await withWorld(async (world, collection) => {
      const SUPABASE = { SUPABASE_URL: 'http://127.0.0.1:9', SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_test' };
      const { code } = await legisync({ ...world, env: { ...world.env, ...SUPABASE } }, 'massive', 'start');
      expect(code).toBe(8);
      await expect(env.client.workflow.getHandle(`massive:${collection}`).describe()).rejects.toThrow();
    });
  });
});

describe('legisync maintenance run', () => {
  it('waits for the result and prints what became of the documents', async () => {
    await withWorldAndWorker(async (world, collection) => {
      const { code, stdout } = await legisync(world, 'maintenance', 'run', '--limit', '5');
      expect(code).toBe(0);
      expect(stdout).toBe(`${collection}: queued 5, requeued 0, unchanged 2, failed 0\n`);
    });
  });

  it('says why a run ended early', async () => {
    await withWorldAndWorker(async (world) => {
      const { code, stdout } = await legisync(world, 'maintenance', 'run', '--limit', '77');
      expect(code).toBe(0);
      expect(stdout).toContain('failed 0; ended early: STORAGE_BUSY: Storage answered 503');
    });
  });

  it('takes only sources that the collection has', async () => {
    await withWorldAndWorker(async (world, collection) => {
      const wrong = await legisync(world, 'maintenance', 'run', collection, '--sources', 'decisions,laws');
      expect(wrong.code).toBe(2);
      expect(wrong.stderr).toContain('it has: decisions, codes');
      expect((await legisync(world, 'maintenance', 'run', collection, '--sources', 'codes')).code).toBe(0);
    });
  });

  it('ends with 1, the code of the failure and its remedy, where the run fails', async () => {
    await withWorldAndWorker(async (world) => {
      const ended = await legisync(world, 'maintenance', 'run', '--limit', '66', '--json');
      expect(ended.code).toBe(1);
      expect(json(ended)).toEqual({
        error: {
          code: 'STORAGE_REFUSED',
          message: expect.stringContaining('was refused') as string,
          next: expect.stringContaining('SUPABASE_SERVICE_ROLE_KEY') as string,
        },
      });
    });
  });

  it('ends with 130 at Ctrl-C, says that the run goes on, and the run does', async () => {
    await withWorldAndWorker(async (world, collection) => {
      const args = ['maintenance', 'run', collection, '--limit', '99'];
      const { code, stderr } = await legisyncInterruptedAt('Waiting for', world, ...args);
      expect(stderr).toContain(`maintenance:${collection}:manual goes on`);
      expect(code).toBe(130);
      const { status } = await env.client.workflow.getHandle(`maintenance:${collection}:manual`).describe();
      expect(status.name).toBe('RUNNING');
    });
  });

  it('does not wait with --detach', async () => {
    await withWorldAndWorker(async (world, collection) => {
      const ended = await legisync(world, 'maintenance', 'run', '--limit', '99', '--detach', '--json');
      expect(ended.code).toBe(0);
      const workflowId = `maintenance:${collection}:manual`;
      expect(json(ended)).toEqual({ runs: [{ collection, workflowId, started: true, result: null }] });
    });
  });
});

describe('legisync schedules', () => {
  beforeAll(() => ensureSearchAttributes(env.connection, env.namespace));

  it('ends with 1 and the command that mends it where the search attributes are not registered', async () => {
    const bare = await openNamespace();
    try {
      await withWorld(async (world) => {
        const there = { ...world, env: { ...world.env, TEMPORAL_NAMESPACE: bare.namespace } };
        const ended = await legisync(there, 'schedules', 'apply', '--json');
        expect(ended.code).toBe(1);
        expect(json(ended)).toMatchObject({
          error: {
            code: 'SEARCH_ATTRIBUTES_MISSING',
            next: expect.stringContaining('legisync up') as string,
          },
        });
      });
    } finally {
      await bare.close();
    }
  });

  it('plans, applies, and then finds no change; a check ends with 1 as long as there is one', async () => {
    await withWorld(async (world, collection) => {
      const check = () => legisync(world, 'schedules', 'plan', '--check');
      const planned = await check();
      expect(planned.code).toBe(1);
      expect(planned.stdout).toContain(`+ maintenance:${collection}: 0 */2 * * * (UTC)`);
      expect((await legisync(world, 'schedules', 'apply')).code).toBe(0);
      const after = await check();
      expect(after.code).toBe(0);
      expect(after.stdout).toContain('no change');
      expect(json(await legisync(world, 'schedules', 'apply', '--json'))).toEqual({
        changed: false,
        schedules: [{ action: 'keep', id: `maintenance:${collection}` }],
      });
    });
  });
});

describe('legisync status', () => {
  it('shows server, workers, collections and schedules; what is not there is an answer too', async () => {
    await withWorldAndWorker(async (world, collection) => {
      // A worker that was just started asks for work a moment later.
      let idle = await legisync(world, 'status', '--json');
      await pollUntil(
        async () => {
          idle = await legisync(world, 'status', '--json');
          return json(idle)['workers'] === 1;
        },
        { everyMs: 100, timeoutMs: 20_000 },
      );
      expect(idle.code).toBe(0);
      expect(json(idle)).toMatchObject({
        temporal: { address: env.address },
        workers: 1,
        collections: [{ collection, running: false }],
        supabase: null,
      });
      expect(json(idle)['schedules']).toContainEqual({
        id: `maintenance:${collection}`,
        state: 'missing',
        nextRun: null,
      });
      await legisync(world, 'massive', 'start');
      expect((await legisync(world, 'status')).stdout).toContain(`${collection}: collecting, pass 1`);
    });
  });

  it('ends with 0 and shows the rest, within seconds, where Supabase says nothing', async () => {
    await withSupabase(
      () => undefined,
      (SUPABASE) =>
        withWorld(async (world, collection) => {
          const startedAt = performance.now();
          const there = { ...world, env: { ...world.env, ...SUPABASE } };
          const ended = await legisync(there, 'status', '--json');
          // A request of the collection itself waits for 40 s.
          expect(performance.now() - startedAt).toBeLessThan(30_000);
          expect(ended.code).toBe(0);
          const [found] = json(ended)['collections'] as { problems: { code: string }[] }[];
          expect(found).toMatchObject({ collection, running: false, progress: null, catalogue: null });
          expect(found?.problems.map(({ code }) => code)).toEqual(['NOT_RUNNING', 'DATABASE_BUSY']);
        }),
    );
  });

  it('finds the running stack of its folder by itself', async () => {
    await withWorld(async ({ cwd, env: settings }) => {
      await mkdir(join(cwd, '.local'));
      await writeFile(join(cwd, '.local', 'stack.json'), JSON.stringify({ pid: process.pid, env: settings }));
      const ended = await legisync({ cwd, env: {} }, 'status', '--json');
      expect(ended.code).toBe(0);
      expect(json(ended)).toMatchObject({ temporal: { address: env.address } });
    });
  });

  it('ends with 3 where the server has no such namespace', async () => {
    await withWorld(async (world) => {
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
