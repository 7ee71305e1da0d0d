import type { FaultPoint } from '../support/faultyWorker.ts';
import { eventually, killed, startWorker } from '../support/workers.ts';
import { openChangingCollection, type ChangingCollection } from './changingCollection.ts';

/**
 * A worker is killed with SIGKILL at each point of a batch, and another one is started. Nothing is
 * lost, nothing is uploaded twice, and no row describes an old version. There are new documents and
 * changed ones.
 */

let collection: ChangingCollection;
beforeAll(async () => {
  collection = await openChangingCollection();
});
afterAll(() => collection.close());

describe('a worker that is killed', () => {
  const points: readonly (readonly [FaultPoint, number])[] = [
    ['after fetch', 1],
    ['after consult', 7],
    ['after upload', 5],
    ['before enqueue', 1],
    ['after enqueue', 1],
  ];

  it.each(points)('%s leaves nothing lost, doubled, dangling or stale (call %i)', async (point, call) => {
    const changes = await collection.change();

    const victim = startWorker(
      { ...collection.env, FAULT_POINT: point, FAULT_CALL: String(call) },
      'test/support/faultyWorker.ts',
    );
    await killed(victim);
    await collection.expectAnotherCompletes(changes);
  });

  it('at continue-as-new leaves a next run that continues', async () => {
    await collection.restart(15);
    const first = (await collection.handle().describe()).runId;
    const changes = await collection.change();

    const victim = startWorker(collection.env);
    await eventually(async () => (await collection.handle().describe()).runId !== first);
    victim.child.kill('SIGKILL');
    await killed(victim);
    await collection.expectAnotherCompletes(changes);
  });
});
