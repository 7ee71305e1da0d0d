import { tmpdir } from 'node:os';
import type { MassiveProgress } from '../../src/contract/collecting.ts';
import { legisync } from '../commands/harness.ts';
import { ANSWERED, ARTICLES, openHeldUpload } from '../support/heldUpload.ts';
import type { MassiveStack } from '../support/massive.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';
import {
  buttonsOf,
  ENDS,
  RESETS,
  STRANGE_MESSAGES,
  WRONG_RESULTS,
  type Buttons,
  type WorkflowButton,
} from './buttons.ts';
import { expectLedger } from './ledger.ts';

const CODE = 'LEGITEXT000099000016';
/** The others are answered after this, so that a button finds the upload in progress. */
const LATE_MS = 15_000;

let massive: MassiveStack;
let worker: WorkerProcess;
let buttons: Buttons;

beforeEach(async () => {
  massive = await openHeldUpload(CODE, LATE_MS);
  buttons = buttonsOf(massive.client, () => massive.handle().workflowId);
  worker = startWorker(massive.env({ LEGISYNC_SHUTDOWN_GRACE_SECONDS: '1' }));
  await worker.ready;
  await massive.start({ controls: { paused: false, lanes: 1 } });
});
afterEach(async () => {
  goOn();
  await worker.stop();
  await massive.close();
});

const command = (...args: string[]) => legisync({ cwd: tmpdir(), env: massive.env() }, ...args);
const goOn = () => {
  massive.stack.simulator.control.clearFaults();
  massive.stack.gateway.control.clear();
};

/** An upload in progress that has uploaded what was answered. */
async function uploading(): Promise<string> {
  const activity = await buttons.started('uploadDocuments');
  await eventually(async () => (await massive.stack.gateway.stats()).uploads === ANSWERED);
  return activity;
}

/** Every document is uploaded and queued exactly once, whatever was pressed. */
async function expectCleanLedger(): Promise<void> {
  goOn();
  await command('massive', 'start');
  await command('massive', 'resume');
  await eventually(async () => (await massive.stack.supabase.catalogue.counts(massive.name)).passComplete);
  await expectLedger(massive, ARTICLES);
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
    expect((await buttons.activity('pause', upload, '--reason', 'a trial')).code).toBe(0);
    await eventually(async () => (await buttons.pending('uploadDocuments'))?.paused === true);
    expect((await buttons.activity('unpause', upload)).code).toBe(0);
    await expectCleanLedger();
  });

  it('is reset', async () => {
    const upload = await uploading();
    expect((await buttons.activity('reset', upload)).code).toBe(0);
    await expectCleanLedger();
  });

  it('gets other options', async () => {
    const upload = await uploading();
    expect((await buttons.activity('update-options', upload, '--start-to-close-timeout', '20m')).code).toBe(
      0,
    );
    await expectCleanLedger();
  });

  it.each(WRONG_RESULTS)('is completed by hand with %s', async (result) => {
    const upload = await uploading();
    expect((await buttons.activity('complete', upload, '--result', result)).code).toBe(0);
    await heldUpBy('INTERNAL: uploadDocuments was completed by hand with a wrong result');
    await expectCleanLedger();
  });

  it('is failed by hand', async () => {
    const upload = await uploading();
    expect((await buttons.activity('fail', upload, '--reason', 'pressed by mistake')).code).toBe(0);
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
    expect((await buttons.activity(verb, await buttons.started('enqueueDocuments'), ...args)).code).toBe(0);
    await heldUpBy(verb === 'fail' ? 'pressed by mistake' : 'completed by hand');
    // The batch holds its documents for an hour.
    await massive.stack.sql(`update legisync.documents set held_until = now() where held_until is not null`);
    await expectCleanLedger();
  });
});

describe('a collection', () => {
  it('is paused with the button of Temporal, and unpaused with the printed command', async () => {
    await uploading();
    expect((await buttons.workflow('pause', '--reason', 'a trial')).code).toBe(0);
    const { code, stdout, stderr } = await command('massive', 'status');
    expect(stdout + stderr).toContain('WORKFLOW_PAUSED');
    expect(code).toBe(6);
    expect(stdout).toContain(`Next: temporal workflow unpause --workflow-id ${massive.handle().workflowId}`);
    for (const args of [['massive', 'resume'], ['massive', 'start'], ['up']]) {
      expect(await command(...args)).toMatchObject({ code: 6 });
    }
    expect((await buttons.workflow('unpause')).code).toBe(0);
    await expectCleanLedger();
  });

  it.each<WorkflowButton>([
    ...STRANGE_MESSAGES,
    ['a known Signal', ['signal', '--name', 'newBuild'], ''],
    ['an Update', ['update', 'execute', '--name', 'setLanes', '--input', '2'], ''],
    ['garbage as an Update', ['update', 'execute', '--name', 'setLanes', '--input', '"8"'], 'it is "8"'],
    ['no input for an Update', ['update', 'execute', '--name', 'setLanes'], 'must be a whole number'],
    ['a Query', ['query', '--type', 'progress'], 'uploaded'],
    ['garbage as a Query', ['query', '--type', 'progress', '--input', '[]'], 'uploaded'],
    ...RESETS,
    ...ENDS,
  ])('gets %s', async (_what, args, answer) => {
    await uploading();
    const { text } = await buttons.workflow(...args);
    expect(text).toContain(answer);
    if (ENDS.some((button) => button[1] === args)) {
      await eventually(async () => (await command('massive', 'status')).code === 5);
      expect((await command('massive', 'status')).stdout).toContain('NOT_RUNNING');
    } else {
      expect((await massive.handle().query<MassiveProgress>('progress')).collection).toBe(massive.name);
    }
    await expectCleanLedger();
  });
});
