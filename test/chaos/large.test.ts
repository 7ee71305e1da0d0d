import { openChaos, type Chaos } from './chaos.ts';
import { expectSurvival, VICTIMS } from './kills.ts';

/** As many as the bucket holds, in chunks of the default size. */
const FILES = 1_400_000;
const CHUNK = 100_000;

let chaos: Chaos;

beforeAll(async () => {
  chaos = await openChaos(FILES, CHUNK, { shared_buffers: '1GB', max_wal_size: '4GB' });
});
afterAll(() => chaos.rig.close());

describe('a backfill of 1,400,000 files', () => {
  it.each(VICTIMS)('ends by itself, with every file queued once, after a kill -9 of its %s', (victim) =>
    expectSurvival(chaos, victim, `${victim} large`),
  );
});
