import type { Rig } from '../../bench/support/rig.ts';
import {
  chunksSoFar,
  countLeft,
  drawMoment,
  endOf,
  startBackfill,
  untilMoment,
  whole,
  type Chaos,
} from './chaos.ts';

/** What is killed. */
export const VICTIMS = ['worker', 'postgres', 'temporal'] as const;
export type Victim = (typeof VICTIMS)[number];

/**
 * Starts a backfill, kills a part of the stack with SIGKILL at a moment drawn from the seed, starts it again as a
 * supervisor would, and expects the backfill to come to its end by itself, with nothing lost and nothing done twice.
 */
export async function expectSurvival(chaos: Chaos, victim: Victim, name: string): Promise<void> {
  const handle = await startBackfill(chaos);
  const moment = drawMoment(chaos, name);
  await untilMoment(chaos, moment);
  await killAndRestart(chaos.rig, victim);
  // It was not at its end: else nothing was tested.
  expect(await chunksSoFar(chaos)).toBeGreaterThanOrEqual(moment.chunks);
  expect(await endOf(handle)).toBe('COMPLETED');
  const left = await countLeft(chaos);
  expect(left).toEqual(whole(chaos, left));
}

async function killAndRestart(rig: Rig, victim: Victim): Promise<void> {
  await rig[victim].kill();
  await rig[victim].start();
}
