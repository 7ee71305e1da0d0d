import { ApplicationFailure } from '@temporalio/common';
import { FAILURES } from '../../src/contract/failures.ts';
import { pollUntil } from '../../local/launcher/poll.ts';
import { json, legisync, type TestNamespace, type World } from './harness.ts';
import { openReadyNamespace, withWorldAndWorker } from './worlds.ts';

let env: TestNamespace;

beforeAll(async () => {
  env = await openReadyNamespace();
});
afterAll(() => env.close());

const REFUSAL = { type: 'LEGIFRANCE_CREDENTIALS', message: 'PISTE answered 401' };

/** Lends a collection whose only activity failed once, and is tried again after five minutes. */
async function withRefusedKey(
  use: (world: World, collection: string) => Promise<void>,
  message = REFUSAL.message,
): Promise<void> {
  let calls = 0;
  const request = (): Promise<void> => {
    calls += 1;
    return calls === 1
      ? Promise.reject(ApplicationFailure.create({ ...REFUSAL, message }))
      : Promise.resolve();
  };
  await withWorldAndWorker(
    env,
    async (world, collection) => {
      const handle = await env.client.workflow.start('collectMassive', {
        workflowId: `massive:${collection}`,
        taskQueue: world.env['LEGISYNC_TASK_QUEUE'] ?? '',
        args: [{ collection, controls: { paused: false, lanes: 14 } }],
      });
      await pollUntil(
        async () => (await handle.describe()).raw.pendingActivities?.[0]?.nextAttemptScheduleTime != null,
        { everyMs: 50, timeoutMs: 60_000 },
      );
      await use(world, collection);
    },
    request,
  );
}

describe('a collection whose requests are refused', () => {
  it.each([['massive status'], ['status'], ['massive start'], ['up']])(
    'shows no secret that its failure repeats: %s',
    async (line) => {
      const secret = 'canary4711canary';
      await withRefusedKey(async ({ cwd, env: settings }) => {
        const piste = { PISTE_CLIENT_ID: 'legisync', PISTE_CLIENT_SECRET: secret };
        const { stdout, stderr } = await legisync(
          { cwd, env: { ...settings, ...piste } },
          ...line.split(' '),
        );
        expect(stdout).toContain('refused the key [secret]');
        expect(stdout + stderr).not.toContain(secret);
      }, `PISTE refused the key ${secret}`);
    },
  );

  it('shows the failure, its remedy, since when, attempts and next try', async () => {
    await withRefusedKey(async (world, collection) => {
      const failing = [
        {
          code: REFUSAL.type,
          message: REFUSAL.message,
          next: FAILURES.LEGIFRANCE_CREDENTIALS.remedy,
          activities: 1,
          attempts: 2,
          since: expect.stringMatching(/^20.*Z$/) as string,
          nextTry: expect.stringMatching(/^20.*Z$/) as string,
        },
      ];
      const ended = await legisync(world, 'massive', 'status', '--json');
      expect(json(ended)).toMatchObject({ collections: [{ collection, problems: [], failing }] });
      expect(ended.code).toBe(1);
      const whole = await legisync(world, 'status', '--json');
      expect(whole.code).toBe(0);
      expect(json(whole)).toMatchObject({ ok: false, collections: [{ collection, failing }] });
      const checked = await legisync(world, 'status', '--check');
      expect(checked.code).toBe(1);
      expect(checked.stdout).toMatch(/^Problem: \S+: LEGIFRANCE_CREDENTIALS\./);
      const text = (await legisync(world, 'massive', 'status')).stdout;
      expect(text).toContain('failing: LEGIFRANCE_CREDENTIALS: PISTE answered 401');
      expect(text).toMatch(/since 20[\d: -]+; 1 activities, attempt 2; next try: 20[\d: -]+\n/);
    });
  });

  it('is tried again at once by `massive resume`, without the wait of five minutes', async () => {
    await withRefusedKey(async (world, collection) => {
      const ended = await legisync(world, 'massive', 'resume', '--json');
      expect(ended.code).toBe(0);
      expect(json(ended)).toMatchObject({
        collections: [{ collection }],
        retried: [{ collection, activities: 1 }],
      });
      // A minute is far less than the back-off.
      await pollUntil(
        async () => {
          const { collections } = json(await legisync(world, 'massive', 'status', '--json'));
          return (collections as { progress: { pass: number } | null }[])[0]?.progress?.pass === 2;
        },
        { everyMs: 100, timeoutMs: 60_000 },
      );
      expect((await legisync(world, 'massive', 'status', '--json')).code).toBe(0);
    });
  });
});
