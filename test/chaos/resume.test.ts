import type { WorkflowHandle } from '@temporalio/client';
import {
  countLeft,
  drawMoment,
  endOf,
  openChaos,
  resumeBackfill,
  startBackfill,
  untilMoment,
  whole,
  type Chaos,
} from './chaos.ts';

const FILES = 50_000;
const CHUNK = 2_500;

let chaos: Chaos;

beforeAll(async () => {
  chaos = await openChaos(FILES, CHUNK);
});
afterAll(() => chaos.rig.close());

/** A backfill that has come to the moment of this name. */
async function backfillAt(name: string): Promise<WorkflowHandle> {
  const handle = await startBackfill(chaos);
  await untilMoment(chaos, drawMoment(chaos, name));
  return handle;
}

/** An operator resumes it, and it ends with nothing lost and nothing done twice. */
async function expectResumed(): Promise<void> {
  expect(await endOf(await resumeBackfill(chaos))).toBe('COMPLETED');
  const left = await countLeft(chaos);
  expect(left).toEqual(whole(chaos, left));
}

describe('a backfill that does not continue by itself', () => {
  it('continues with --resume after the loss of everything that Temporal knew', async () => {
    await backfillAt('loss');
    await chaos.rig.temporal.kill();
    await chaos.rig.temporal.forget();
    await chaos.rig.temporal.start();
    await expectResumed();
  });

  it.each([
    ['cancel', 'CANCELLED', (handle: WorkflowHandle) => handle.cancel()],
    ['terminate', 'TERMINATED', (handle: WorkflowHandle) => handle.terminate('by a test')],
  ] as const)('continues with --resume after a %s', async (name, status, end) => {
    const handle = await backfillAt(name);
    await end(handle);
    expect(await endOf(handle)).toBe(status);
    await expectResumed();
  });
});
