import { json, legisync, openNamespace, type TestNamespace } from './harness.ts';
import { openReadyNamespace, withWorld } from './worlds.ts';

let env: TestNamespace;

beforeAll(async () => {
  env = await openReadyNamespace();
});
afterAll(() => env.close());

describe('legisync schedules', () => {
  it('exits with 1 and the command that fixes it, if the search attributes are not registered', async () => {
    const bare = await openNamespace();
    try {
      await withWorld(env, async (world) => {
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

  it('plans, applies, and then finds no change; a check exits with 1 as long as there is one', async () => {
    await withWorld(env, async (world, collection) => {
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
        schedules: [
          { action: 'keep', id: `maintenance:${collection}` },
          { action: 'keep', id: 'coherence:agentbasic-legifrance-raw' },
        ],
      });
    });
  });
});
