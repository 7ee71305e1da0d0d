import { tmpdir } from 'node:os';
import { backfillWorkflowId } from '../../src/contract/names.ts';
import { legisync, type Ended } from '../commands/harness.ts';
import { openBackfill, type BackfillStack } from '../support/backfilling.ts';
import { countsOf } from '../support/buckets.ts';
import { whileChunkIsHeld } from '../support/heldChunk.ts';
import { emptyTables } from '../support/queue.ts';
import { startWorker, type WorkerProcess } from '../support/workers.ts';
import {
  ACTIVITY_BUTTONS,
  buttonsOf,
  ENDS,
  RESETS,
  STRANGE_MESSAGES,
  WRONG_RESULTS,
  type Buttons,
  type WorkflowButton,
} from './buttons.ts';

const FILES = 3_000;
/** In the second chunk of a thousand. */
const HELD = 1_500;

let backfill: BackfillStack;
let worker: WorkerProcess;
let bucket: string;
let buttons: Buttons;

beforeAll(async () => {
  backfill = await openBackfill();
  worker = startWorker(backfill.env());
  await worker.ready;
});
beforeEach(async () => {
  await emptyTables(backfill.stack);
  bucket = await backfill.bucket(FILES);
  buttons = buttonsOf(backfill.client, () => backfillWorkflowId(bucket));
});
afterAll(async () => {
  await worker.stop();
  await backfill.close();
});

const command = (...args: string[]): Promise<Ended> =>
  legisync({ cwd: tmpdir(), env: backfill.env({ LEGISYNC_BUCKET: bucket }) }, ...args);

/** Presses a button while a chunk is in progress. */
const whileAtWork = (press: () => Promise<unknown>) =>
  whileChunkIsHeld(backfill, {
    bucket,
    object: HELD,
    begin: () => backfill.start(bucket),
    meanwhile: press,
  });

/** Every file has one row. If the workflow has not done it, one command does. */
async function expectAllQueued(): Promise<void> {
  if ((await buttons.ended()) !== 'COMPLETED') {
    const { stdout } = await command('backfill', 'status');
    expect(stdout).toMatch(/Its workflow (failed|was) |Temporal has no run of it/);
    expect(stdout).toContain('no workflow is working on it');
    expect(stdout).toContain('Next: legisync backfill --resume');
    expect(await command('backfill', '--resume', '--yes')).toMatchObject({ code: 0 });
  }
  expect(await countsOf(backfill.stack, bucket)).toEqual({ rows: FILES, paths: FILES, missing: 0 });
  expect((await command('backfill', 'status')).stdout).toContain('Verified: missing 0');
}

describe('a chunk in progress', () => {
  it('is paused and unpaused', async () => {
    await whileAtWork(async () => {
      const chunk = await buttons.started('backfillChunk');
      expect((await buttons.activity('pause', chunk, '--reason', 'a trial')).code).toBe(0);
      expect((await buttons.activity('unpause', chunk)).code).toBe(0);
    });
    await expectAllQueued();
  });

  it.each(ACTIVITY_BUTTONS)('gets %s', async (verb, args) => {
    await whileAtWork(async () => {
      expect((await buttons.activity(verb, await buttons.started('backfillChunk'), ...args)).code).toBe(0);
    });
    await expectAllQueued();
  });

  it.each([...WRONG_RESULTS, '{"outcome": "timed_out"}'])('is completed by hand with %s', async (result) => {
    await whileAtWork(async () => {
      const chunk = await buttons.started('backfillChunk');
      expect((await buttons.activity('complete', chunk, '--result', result)).code).toBe(0);
    });
    await expectAllQueued();
  });

  it('is failed by hand', async () => {
    await whileAtWork(async () => {
      const chunk = await buttons.started('backfillChunk');
      expect((await buttons.activity('fail', chunk, '--reason', 'pressed by mistake')).code).toBe(0);
    });
    await expectAllQueued();
  });
});

describe('a backfill', () => {
  it.each<WorkflowButton>([
    ...STRANGE_MESSAGES,
    ['an Update', ['update', 'execute', '--name', 'resume'], 'backfilling'],
    ['garbage as an Update', ['update', 'execute', '--name', 'pause', '--input', '7'], 'it is 7'],
    ['a Query', ['query', '--type', 'progress'], 'secondsLeft'],
    ['garbage as a Query', ['query', '--type', 'progress', '--input', '[]'], 'secondsLeft'],
    ...RESETS,
    ...ENDS,
  ])('gets %s', async (_what, args, answer) => {
    await whileAtWork(async () => {
      expect((await buttons.workflow(...args)).text).toContain(answer);
    });
    await expectAllQueued();
  });
});
