import { tmpdir } from 'node:os';
import { maintenanceWorkflowId } from '../../src/contract/names.ts';
import { legisync, type Ended } from '../commands/harness.ts';
import type { MassiveStack } from '../support/massive.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';
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
import { DECISIONS, FIND_ALL, openDecisions } from './decisions.ts';
import { expectLedger } from './ledger.ts';

/** Documents that are answered at once. */
const ANSWERED = 10;
/** The others are answered after this, so that a button finds the upload in progress. */
const LATE_MS = 15_000;

let massive: MassiveStack;
let worker: WorkerProcess;
let buttons: Buttons;

beforeEach(async () => {
  massive = await openDecisions();
  const { control } = massive.stack.simulator;
  control.fault({ kind: 'slow', path: '/consult/juri', delayMs: 1, times: ANSWERED });
  control.fault({ kind: 'slow', path: '/consult/juri', delayMs: LATE_MS, times: 1_000_000 });
  buttons = buttonsOf(massive.client, () => maintenanceWorkflowId(massive.name));
  worker = startWorker(massive.env({ ...FIND_ALL, LEGISYNC_SHUTDOWN_GRACE_SECONDS: '1' }));
  await worker.ready;
});
afterEach(async () => {
  goOn();
  await worker.stop();
  await massive.close();
});

const goOn = () => {
  massive.stack.simulator.control.clearFaults();
  massive.stack.gateway.control.clear();
};
const run = (): Promise<Ended> =>
  legisync({ cwd: tmpdir(), env: massive.env() }, 'maintenance', 'run', massive.name);

/** An upload in progress that has uploaded what was answered. */
async function uploading(): Promise<string> {
  const activity = await buttons.started('uploadDocuments');
  await eventually(async () => (await massive.stack.gateway.stats()).uploads === ANSWERED);
  return activity;
}

/**
 * Presses a button during a run that an operator waits for, and returns what the operator sees at
 * the end of it.
 */
async function whileAtWork(press: () => Promise<unknown>): Promise<Ended> {
  const [ended] = await Promise.all([
    eventually(
      async () => (await buttons.pending('uploadDocuments').catch(() => undefined)) !== undefined,
    ).then(run),
    start().then(press),
  ]);
  return ended;
}

async function start(): Promise<void> {
  await legisync({ cwd: tmpdir(), env: massive.env() }, 'maintenance', 'run', massive.name, '--detach');
  await uploading();
}

/** The next runs collect what the run with the button left, and nothing twice. */
async function expectCleanLedger(): Promise<void> {
  goOn();
  await buttons.ended();
  // A batch that was not released holds its documents for an hour.
  await massive.stack.sql(`update legisync.documents set held_until = now() where held_until is not null`);
  expect(await run()).toMatchObject({ code: 0 });
  await expectLedger(massive, DECISIONS);
}

describe('an upload in progress', () => {
  it('is paused and unpaused', async () => {
    const ended = await whileAtWork(async () => {
      const upload = await buttons.started('uploadDocuments');
      expect((await buttons.activity('pause', upload, '--reason', 'a trial')).code).toBe(0);
      await eventually(async () => (await buttons.pending('uploadDocuments'))?.paused === true);
      expect((await buttons.activity('unpause', upload)).code).toBe(0);
      goOn();
    });
    expect(ended.code).toBe(0);
    await expectCleanLedger();
  });

  it.each(ACTIVITY_BUTTONS)('gets %s', async (verb, args) => {
    const ended = await whileAtWork(async () => {
      const upload = await buttons.started('uploadDocuments');
      expect((await buttons.activity(verb, upload, ...args)).code).toBe(0);
      goOn();
    });
    expect(ended.code).toBe(0);
    await expectCleanLedger();
  });

  it.each(WRONG_RESULTS)('is completed by hand with %s', async (result) => {
    const ended = await whileAtWork(async () => {
      const upload = await buttons.started('uploadDocuments');
      expect((await buttons.activity('complete', upload, '--result', result)).code).toBe(0);
    });
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toContain('uploadDocuments was completed by hand with a wrong result');
    expect(ended.stderr).toContain('Next: ');
    await expectCleanLedger();
  });

  it('is failed by hand', async () => {
    const ended = await whileAtWork(async () => {
      const upload = await buttons.started('uploadDocuments');
      expect((await buttons.activity('fail', upload, '--reason', 'pressed by mistake')).code).toBe(0);
    });
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toContain('pressed by mistake');
    expect(ended.stderr).toContain('Next: ');
    await expectCleanLedger();
  });
});

describe('a run of MAINTENANCE', () => {
  it.each<WorkflowButton>([...STRANGE_MESSAGES, ...RESETS])('gets %s', async (_what, args, answer) => {
    await whileAtWork(async () => {
      expect((await buttons.workflow(...args)).text).toContain(answer);
      goOn();
    });
    await expectCleanLedger();
  });

  it.each<WorkflowButton>(ENDS)('gets %s', async (_what, args, answer) => {
    const ended = await whileAtWork(async () => {
      expect((await buttons.workflow(...args)).text).toContain(answer);
    });
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toContain('Next: ');
    await expectCleanLedger();
  });
});
