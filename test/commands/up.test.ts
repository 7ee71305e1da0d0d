import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { json, legisync, openNamespace, type TestNamespace } from './harness.ts';
import { withWorld } from './worlds.ts';

const collectionKey = defineSearchAttributeKey('LegisyncCollection', SearchAttributeType.KEYWORD);

let env: TestNamespace;

beforeAll(async () => {
  env = await openNamespace();
});
afterAll(() => env.close());

describe('legisync up', () => {
  it('registers search attributes, applies schedules and starts collections; the second time there is nothing to do', async () => {
    await withWorld(env, async (world, collection) => {
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
