import { MockActivityEnvironment } from '@temporalio/testing';
import { createActivities } from '../../src/activities/index.ts';
import { plantBucket } from '../support/buckets.ts';
import { GRACE, queueAll } from '../support/coherence.ts';
import { openStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;

beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.close());

describe('measureCoherence', () => {
  it('logs a warning if Storage and the queue differ by more than the limits, and only then', async () => {
    const bucket = await plantBucket(stack, 20);
    const warned: object[] = [];
    const log = { ...stack.deps.log, warn: (fields: object) => void warned.push(fields) };
    const activities = createActivities({ ...stack.deps, log });
    const input = {
      bucket,
      kind: 'full',
      graceSeconds: GRACE,
      limits: { missingLimit: 5, gapPercent: 10, requeueHours: 24 },
    } as const;
    const measure = () => new MockActivityEnvironment().run(() => activities.measureCoherence(input));
    expect(await measure()).toMatchObject({ outcome: 'measured', verdict: { state: 'desynchronised' } });
    expect(warned).toEqual([
      {
        bucket,
        kind: 'full',
        reasons: ['20 of 20 files have no row (100 %).'],
        next: 'legisync backfill --dry-run',
      },
    ]);
    await queueAll(stack, bucket);
    expect(await measure()).toMatchObject({ outcome: 'measured', verdict: { state: 'coherent' } });
    expect(warned).toHaveLength(1);
  });
});
