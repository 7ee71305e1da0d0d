import { tmpdir } from 'node:os';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { MassiveProgress } from '../../src/contract/collecting.ts';
import { legisync } from '../commands/harness.ts';
import { ANSWERED, ARTICLES, openHeldUpload } from '../support/heldUpload.ts';
import type { MassiveStack } from '../support/massive.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';
import { temporal, type CliEnd } from './temporalCli.ts';

const CODE = 'LEGITEXT000099000016';
/** The others are answered after this, so that a button finds the upload in progress. */
const LATE_MS = 15_000;

let massive: MassiveStack;
let worker: WorkerProcess;

type Pending = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

beforeEach(async () => {
  massive = await openHeldUpload(CODE, LATE_MS);
  worker = startWorker(massive.env({ LEGISYNC_SHUTDOWN_GRACE_SECONDS: '1' }));
  await worker.ready;
  await massive.start({ controls: { paused: false, lanes: 1 } });
});
afterEach(async () => {
  goOn();
  await worker.stop();
  await massive.close();
});

const id = () => massive.handle().workflowId;
const command = (...args: string[]) => legisync({ cwd: tmpdir(), env: massive.env() }, ...args);
const goOn = () => {
  massive.stack.simulator.control.clearFaults();
  massive.stack.gateway.control.clear();
};

async function pending(name: string): Promise<Pending | undefined> {
  const { raw } = await massive.handle().describe();
  return raw.pendingActivities?.find(({ activityType }) => activityType?.name === name);
}

/** The id of an activity as soon as it is in progress. */
async function started(name: string): Promise<string> {
  let found: Pending | undefined;
  await eventually(async () => {
    found = await pending(name);
    return Number(found?.state) === 2;
  });
  return found?.activityId ?? '';
}

/** An upload in progress that has uploaded what was answered. */
async function uploading(): Promise<string> {
  const activity = await started('uploadDocuments');
  await eventually(async () => (await massive.stack.gateway.stats()).uploads === ANSWERED);
  return activity;
}

const activity = (verb: string, activityId: string, ...args: string[]): Promise<CliEnd> =>
  temporal('activity', verb, '--workflow-id', id(), '--activity-id', activityId, ...args);

const workflow = (...args: string[]): Promise<CliEnd> => temporal('workflow', ...args, '--workflow-id', id());

/** Every document is uploaded and queued exactly once, whatever was pressed. */
async function expectCleanLedger(): Promise<void> {
  goOn();
  await command('massive', 'start');
  await command('massive', 'resume');
  await eventually(async () => (await massive.stack.supabase.catalogue.counts(massive.name)).passComplete);
  const [ledger] = await massive.stack.sql(`
    select count(*)::int as rows, count(distinct q.file_path)::int as paths, count(o.id)::int as objects,
           count(*) filter (where q.status = 'pending')::int as pending
      from public.files_queue q full join storage.objects o on o.name = q.file_path and o.bucket_id = q.bucket_id`);
  expect(ledger).toEqual({ rows: ARTICLES, paths: ARTICLES, objects: ARTICLES, pending: ARTICLES });
  expect((await massive.stack.gateway.stats()).sameHashUploadsMax).toBeLessThanOrEqual(1);
}

/** The line of `massive status` about what holds up the collection. */
async function heldUpBy(text: string): Promise<void> {
  let shown = '';
  await eventually(async () => {
    shown = (await command('massive', 'status')).stdout;
    return shown.includes(text);
  });
  expect(shown).toContain('Next: ');
}

describe('an upload in progress', () => {
  it('is paused and unpaused', async () => {
    const upload = await uploading();
    expect((await activity('pause', upload, '--reason', 'a trial')).code).toBe(0);
    await eventually(async () => (await pending('uploadDocuments'))?.paused === true);
    expect((await activity('unpause', upload)).code).toBe(0);
    await expectCleanLedger();
  });

  it('is reset', async () => {
    const upload = await uploading();
    expect((await activity('reset', upload)).code).toBe(0);
    await expectCleanLedger();
  });

  it('gets other options', async () => {
    const upload = await uploading();
    expect((await activity('update-options', upload, '--start-to-close-timeout', '20m')).code).toBe(0);
    await expectCleanLedger();
  });

  it.each(['null', '{}', '"done"', '{"uploaded": 5}'])('is completed by hand with %s', async (result) => {
    const upload = await uploading();
    expect((await activity('complete', upload, '--result', result)).code).toBe(0);
    await heldUpBy('INTERNAL: uploadDocuments was completed by hand with a wrong result');
    await expectCleanLedger();
  });

  it('is failed by hand', async () => {
    const upload = await uploading();
    expect((await activity('fail', upload, '--reason', 'pressed by mistake')).code).toBe(0);
    await heldUpBy('pressed by mistake');
    await expectCleanLedger();
  });
});

describe('a queueing in progress', () => {
  it.each([
    ['complete', '--result', 'null'],
    ['fail', '--reason', 'pressed by mistake'],
  ])('is ended by hand: %s', async (verb, ...args) => {
    massive.stack.gateway.control.fault({
      kind: 'delay',
      delayMs: 600_000,
      match: 'legisync_enqueue_documents',
      times: 1,
    });
    massive.stack.simulator.control.clearFaults();
    expect((await activity(verb, await started('enqueueDocuments'), ...args)).code).toBe(0);
    await heldUpBy(verb === 'fail' ? 'pressed by mistake' : 'completed by hand');
    // The batch holds its documents for an hour.
    await massive.stack.sql(`update legisync.documents set held_until = now() where held_until is not null`);
    await expectCleanLedger();
  });
});

describe('a collection', () => {
  it.each<[string, readonly string[], string]>([
    ['an unknown Signal', ['signal', '--name', 'pause', '--input', '{"reason":"x"}'], ''],
    ['a known Signal', ['signal', '--name', 'newBuild'], ''],
    ['garbage as a Signal', ['signal', '--name', '☃', '--input', '[1,{"a":null}]'], ''],
    ['an Update', ['update', 'execute', '--name', 'setLanes', '--input', '2'], ''],
    ['an unknown Update', ['update', 'execute', '--name', 'nosuch'], 'setLanes'],
    ['garbage as an Update', ['update', 'execute', '--name', 'setLanes', '--input', '"8"'], 'it is "8"'],
    ['no input for an Update', ['update', 'execute', '--name', 'setLanes'], 'must be a whole number'],
    ['a Query', ['query', '--type', 'progress'], 'uploaded'],
    ['an unknown Query', ['query', '--type', 'nosuch'], 'progress'],
    ['garbage as a Query', ['query', '--type', 'progress', '--input', '[]'], 'uploaded'],
    ['a reset to the last task', ['reset', '--type', 'LastWorkflowTask', '--reason', 'a trial'], ''],
    ['a reset to the first task', ['reset', '--type', 'FirstWorkflowTask', '--reason', 'a trial'], ''],
    ['a cancellation', ['cancel'], ''],
    ['a termination', ['terminate', '--reason', 'a trial'], ''],
    ['a deletion', ['delete', '--yes'], ''],
  ])('gets %s', async (_what, args, answer) => {
    await uploading();
    const { text } = await workflow(...args);
    expect(text).toContain(answer);
    if (['cancel', 'terminate', 'delete'].includes(args[0] ?? '')) {
      await eventually(async () => (await command('massive', 'status')).code === 5);
      expect((await command('massive', 'status')).stdout).toContain('NOT_RUNNING');
    } else {
      expect((await massive.handle().query<MassiveProgress>('progress')).collection).toBe(massive.name);
    }
    await expectCleanLedger();
  });
});
