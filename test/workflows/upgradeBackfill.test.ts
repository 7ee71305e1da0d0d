import { lastBuildOf } from '../../src/temporal/deployment.ts';
import { findWorkflowBundle, type WorkflowBundle } from '../../src/temporal/workflowBundle.ts';
import { openBackfill, resultOf, type BackfillStack } from '../support/backfilling.ts';
import { countsOf } from '../support/buckets.ts';
import { buildsOn, type Builds } from '../support/builds.ts';
import { whileChunkIsHeld } from '../support/heldChunk.ts';
import { bundleWith } from '../support/otherBundle.ts';
import { eventually } from '../support/workers.ts';

const FILES = 5_000;

let backfill: BackfillStack;
let builds: Builds;
/** Code that a run of the other build cannot replay. */
let changed: WorkflowBundle;

beforeAll(async () => {
  changed = await bundleWith({
    file: 'backfill/backfillFilesQueue.ts',
    from: '  done = doneSoFar(opened.run, done);\n',
    to: '  await sleep(1);\n  done = doneSoFar(opened.run, done);\n',
  });
  backfill = await openBackfill();
  builds = buildsOn(backfill);
});
afterAll(async () => {
  await builds.stop();
  await backfill.close();
});

it('with worker versioning, a backfill at work moves to a new build after its chunk, and ends there', async () => {
  const { buildId } = await findWorkflowBundle();
  const old = await builds.start('on');
  await builds.becomesCurrent(buildId);
  const bucket = await backfill.bucket(FILES);
  const handle = await whileChunkIsHeld(backfill, {
    bucket,
    object: 1_500,
    begin: () => backfill.start(bucket),
    meanwhile: async () => {
      await builds.start('on', changed);
      await builds.becomesCurrent(changed.buildId);
    },
  });
  const { run } = await resultOf(handle);
  expect(run).toMatchObject({ state: 'completed', queued: FILES, missing: 0 });
  expect(await countsOf(backfill.stack, bucket)).toEqual({ rows: FILES, paths: FILES, missing: 0 });
  expect(lastBuildOf(await handle.describe())).toBe(changed.buildId);
  await eventually(async () => (await builds.statusOf(buildId)) === 'drained');
  expect(await old.stop()).toBe(0);
});
