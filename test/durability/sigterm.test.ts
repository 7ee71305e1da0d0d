import type { FaultPoint } from '../support/faultyWorker.ts';
import { eventually, startWorker } from '../support/workers.ts';
import { openChangingCollection, type ChangingCollection } from './changingCollection.ts';

/**
 * A worker gets SIGTERM at each point of a batch, as from systemd, Docker or Kubernetes: it ends with
 * 0, and another one continues. Nothing is lost, nothing is uploaded twice, and nothing waits for the
 * time-out of a heartbeat, as after SIGKILL.
 */

let collection: ChangingCollection;
beforeAll(async () => {
  collection = await openChangingCollection();
});
afterAll(() => collection.close());

/** Activities of the current run that were given up because their worker was silent. */
async function timedOut(): Promise<number> {
  const { events = [] } = await collection.handle().fetchHistory();
  return (events ?? []).filter(
    ({ activityTaskTimedOutEventAttributes: end, activityTaskStartedEventAttributes: start }) =>
      end != null || start?.lastFailure?.timeoutFailureInfo != null,
  ).length;
}

describe('a worker that gets SIGTERM', () => {
  const points: readonly (readonly [FaultPoint, number])[] = [
    ['after page', 1],
    ['after fetch', 1],
    ['before consult', 1],
    ['after consult', 7],
    ['after upload', 1],
    ['after upload', 5],
    ['before enqueue', 1],
    ['after enqueue', 1],
  ];

  it.each(points)('%s ends with 0, and another one continues (call %i)', async (point, call) => {
    const changes = await collection.change();

    const stopped = startWorker(
      { ...collection.env, FAULT_SIGNAL: 'SIGTERM', FAULT_POINT: point, FAULT_CALL: String(call) },
      'test/support/faultyWorker.ts',
    );
    expect(await stopped.ended).toBe(0);
    await collection.expectAnotherCompletes(changes);
    expect(await timedOut()).toBe(0);
  });

  it('while its collection continues as new ends with 0, and another one continues', async () => {
    await collection.restart(15);
    const first = (await collection.handle().describe()).runId;
    const changes = await collection.change();

    const stopped = startWorker(collection.env);
    await eventually(async () => (await collection.handle().describe()).runId !== first);
    expect(await stopped.stop()).toBe(0);
    await collection.expectAnotherCompletes(changes);
    expect(await timedOut()).toBe(0);
  });
});
