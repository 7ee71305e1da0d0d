import { tmpdir } from 'node:os';
import type { MassiveProgress } from '../../src/contract/collecting.ts';
import { UPDATES } from '../../src/contract/names.ts';
import { lastBuildOf } from '../../src/temporal/deployment.ts';
import { findWorkflowBundle, type WorkflowBundle } from '../../src/temporal/workflowBundle.ts';
import { json, legisync } from '../commands/harness.ts';
import { buildsOn, type Builds } from '../support/builds.ts';
import { openMassive, runsOfChain, type MassiveStack } from '../support/massive.ts';
import { bundleWith } from '../support/otherBundle.ts';
import { eventually } from '../support/workers.ts';

const CODE = 'LEGITEXT000099000015';
const ARTICLES = 1_500;

let massive: MassiveStack;
let builds: Builds;
/** Code that a run of the other build cannot replay. */
let changed: WorkflowBundle;

beforeAll(async () => {
  changed = await bundleWith({
    file: 'massive/collectMassive.ts',
    from: '  show();\n  const untilCancelled',
    to: '  await condition(() => false, 1);\n  show();\n  const untilCancelled',
  });
});
beforeEach(async () => {
  massive = await openMassive([{ kind: 'codes', name: 'codes', codes: [CODE] }], {
    legifrance: {
      codes: [],
      syntheticCodes: [{ id: CODE, title: 'Code des versions', articles: ARTICLES }],
      latency: { fixedMs: 20 },
    },
  });
  builds = buildsOn({ ...massive, taskQueue: massive.name });
});
afterEach(async () => {
  await builds.stop();
  await massive.close();
});

/** A command, with worker versioning on or off. */
const command = (versioning: 'on' | 'off', ...args: string[]) =>
  legisync({ cwd: tmpdir(), env: massive.env({ LEGISYNC_WORKER_VERSIONING: versioning }) }, ...args);

async function expectAllOnce(): Promise<void> {
  await eventually(async () => (await massive.stack.supabase.catalogue.counts(massive.name)).passComplete);
  const { totals } = await massive.handle().query<MassiveProgress>('progress');
  expect(totals).toMatchObject({ uploaded: ARTICLES, queued: ARTICLES, requeued: 0, failedAttempts: 0 });
  expect((await massive.stack.gateway.stats()).uploadsPerObjectMax).toBe(1);
}

const uploaded = async () => (await massive.handle().query<MassiveProgress>('progress')).totals.uploaded;

describe('with worker versioning', () => {
  it('moves a collection at work to a new build, whose code could not replay its history', async () => {
    const { buildId } = await findWorkflowBundle();
    const old = await builds.start('on');
    await builds.becomesCurrent(buildId);
    await massive.start();
    await eventually(async () => (await uploaded()) > 100);

    await builds.start('on', changed);
    await eventually(async () => (await builds.statusOf(changed.buildId)) === 'inactive');
    await builds.becomesCurrent(changed.buildId);
    await eventually(async () => (await runsOfChain(massive)).length > 1);
    // The old build stays until its last run has left it.
    await eventually(async () => (await builds.statusOf(buildId)) === 'drained');
    expect(await old.stop()).toBe(0);

    await expectAllOnce();
    expect(massive.stack.simulator.control.stats().consults).toMatchObject({
      total: ARTICLES,
      maxPerDocument: 1,
    });
  });

  it('moves a collection at work to a new build, and back again', async () => {
    const { buildId } = await findWorkflowBundle();
    const { control } = massive.stack.simulator;
    // So that it is at work for as long as the two moves take.
    control.fault({ kind: 'slow', path: '/consult/getArticle', delayMs: 300, times: 1_000_000 });
    await builds.start('on');
    await builds.becomesCurrent(buildId);
    await massive.start();
    await eventually(async () => (await uploaded()) > 0);
    const runs = (wanted: number, build: string) =>
      eventually(async () => {
        const last = lastBuildOf(await massive.handle().describe());
        return last === build && (await runsOfChain(massive)).length >= wanted;
      });

    await builds.start('on', changed);
    await builds.becomesCurrent(changed.buildId);
    await runs(2, changed.buildId);
    expect(await uploaded()).toBeLessThan(ARTICLES);
    await builds.becomesCurrent(buildId);
    await runs(3, buildId);
    expect(await uploaded()).toBeLessThan(ARTICLES);
    control.clearFaults();

    await expectAllOnce();
    expect(control.stats().consults).toMatchObject({ total: ARTICLES, maxPerDocument: 1 });
  });

  it('makes a build current by `up`, only while a worker of it polls; a paused collection moves, too', async () => {
    const { buildId } = await findWorkflowBundle();
    const without = await command('on', 'up', '--json');
    expect(json(without)).toMatchObject({ build: null });
    expect(without.stderr).toContain(`no worker of this build (${buildId}) polls`);

    await builds.start('on', changed);
    await builds.becomesCurrent(changed.buildId);
    await eventually(async () => (await uploaded().catch(() => 0)) > 0);
    await massive.handle().executeUpdate(UPDATES.pause);
    await eventually(
      async () => (await massive.handle().query<MassiveProgress>('progress')).state === 'paused',
    );

    await builds.start('on');
    let up = await command('on', 'up', '--json');
    // A worker polls a moment after its start.
    await eventually(async () => {
      up = await command('on', 'up', '--json');
      return json(up)['build'] === buildId;
    });
    expect(up.code).toBe(0);
    await eventually(async () => lastBuildOf(await massive.handle().describe()) === buildId);
    await eventually(async () => (await builds.statusOf(changed.buildId)) === 'drained');
    const shown = await command('on', 'status');
    expect(shown.stdout).toMatch(new RegExp(`${buildId} +\\| current`));
    expect(shown.stdout).toMatch(new RegExp(`${changed.buildId} +\\| drained`));
    await massive.handle().executeUpdate(UPDATES.resume);
    await expectAllOnce();
  });
});

describe('without worker versioning', () => {
  it('says that workers of another build continue a collection, and resumes when the code is brought back', async () => {
    const { buildId } = await findWorkflowBundle();
    const old = await builds.start('off');
    await massive.start();
    await eventually(async () => (await uploaded()) > 100);
    await old.stop();

    const other = await builds.start('off', changed);
    let shown = await command('off', 'massive', 'status');
    await eventually(async () => {
      shown = await command('off', 'massive', 'status');
      return shown.stdout.includes('WORKFLOW_STUCK') && shown.stdout.includes('OTHER_BUILD');
    });
    expect(shown.stdout).toContain(`OTHER_BUILD: build ${buildId} worked on massive:${massive.name}`);
    expect(shown.stdout).toContain(`start workers of build ${buildId} again`);
    expect((await command('off', 'status')).stdout).toContain(`OTHER_BUILD: build ${buildId}`);
    const up = await command('off', 'up');
    expect(up.stderr).toContain('WORKFLOW_STUCK');
    expect(up.code).not.toBe(0);
    await other.stop();

    await builds.start('off');
    await expectAllOnce();
  });
});
