import { openChaos, type Chaos } from './chaos.ts';
import { expectSurvival, VICTIMS } from './kills.ts';

/** 20 chunks of 2,500 and one of 12, each some 30 ms long. */
const FILES = 50_000;
const CHUNK = 2_500;

/** Enough to hit a chunk in different places: before it, in its statement, before its commit, before its answer. */
const KILLS = [1, 2, 3, 4, 5];

let chaos: Chaos;

beforeAll(async () => {
  chaos = await openChaos(FILES, CHUNK);
});
afterAll(() => chaos.rig.close());

describe('a backfill of 50,000 files', () => {
  it.each(VICTIMS.flatMap((victim) => KILLS.map((kill) => [victim, kill] as const)))(
    'ends by itself, with every file queued once, after a kill -9 of its %s (%i of 5)',
    (victim, kill) => expectSurvival(chaos, victim, `${victim} ${kill}`),
  );
});
