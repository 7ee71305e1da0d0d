import { coherenceScheduleId, WORKFLOWS } from '../../src/contract/names.ts';
import type { CoherenceInput, CoherenceResult } from '../../src/contract/coherence.ts';
import { openBackfill, type BackfillStack } from '../support/backfilling.ts';
import { GRACE, queueAll } from '../support/coherence.ts';
import { checksum, emptyTables } from '../support/queue.ts';
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

const FILES = 50;
const LIMITS = { missingLimit: 100, gapPercent: 10, requeueHours: 24 };

let env: BackfillStack;
let worker: WorkerProcess;
let bucket: string;
let before: string;
let buttons: Buttons;

const workflowId = (): string => `${coherenceScheduleId(bucket)}:trial`;
const handle = () => env.client.workflow.getHandle(workflowId());

beforeAll(async () => {
  env = await openBackfill();
  worker = startWorker(env.env());
  await worker.ready;
});
beforeEach(async () => {
  await emptyTables(env.stack);
  bucket = await env.bucket(FILES);
  await queueAll(env.stack, bucket);
  before = await checksum(env.stack, 'public.files_queue');
  buttons = buttonsOf(env.client, workflowId);
});
afterEach(() => env.stack.gateway.control.clear());
afterAll(async () => {
  await worker.stop();
  await env.close();
});

async function start(): Promise<void> {
  const input: CoherenceInput = { bucket, kind: 'full', graceSeconds: GRACE, limits: LIMITS };
  await env.client.workflow.start(WORKFLOWS.coherence, {
    workflowId: workflowId(),
    taskQueue: env.taskQueue,
    args: [input],
  });
}

/** Starts a check whose first answer of the database is late. Returns the id of its activity. */
async function measuring(): Promise<string> {
  env.stack.gateway.control.fault({
    kind: 'delay',
    delayMs: 15_000,
    match: 'legisync_measure_coherence',
    times: 1,
  });
  await start();
  return buttons.started('measureCoherence');
}

/** A check changes nothing, and the next one gives a verdict. */
async function expectVerdict(): Promise<void> {
  env.stack.gateway.control.clear();
  if ((await buttons.ended()) !== 'COMPLETED') await start();
  const { verdict } = (await handle().result()) as CoherenceResult;
  expect(verdict).toMatchObject({ state: 'coherent', next: null });
  expect(await checksum(env.stack, 'public.files_queue')).toBe(before);
}

describe('a measurement in progress', () => {
  it('is paused and unpaused', async () => {
    const activity = await measuring();
    expect((await buttons.activity('pause', activity, '--reason', 'a trial')).code).toBe(0);
    expect((await buttons.activity('unpause', activity)).code).toBe(0);
    await expectVerdict();
  });

  it.each(ACTIVITY_BUTTONS)('gets %s', async (verb, args) => {
    expect((await buttons.activity(verb, await measuring(), ...args)).code).toBe(0);
    await expectVerdict();
  });

  it.each(WRONG_RESULTS)('is completed by hand with %s', async (result) => {
    expect((await buttons.activity('complete', await measuring(), '--result', result)).code).toBe(0);
    expect(await buttons.ended()).toBe('FAILED');
    expect((await buttons.workflow('describe')).text).toContain(
      'measureCoherence was completed by hand with a wrong result',
    );
    await expectVerdict();
  });

  it('is failed by hand', async () => {
    const activity = await measuring();
    expect((await buttons.activity('fail', activity, '--reason', 'pressed by mistake')).code).toBe(0);
    expect(await buttons.ended()).toBe('FAILED');
    expect((await buttons.workflow('describe')).text).toContain('pressed by mistake');
    await expectVerdict();
  });
});

describe('a coherence check', () => {
  it.each<WorkflowButton>([...STRANGE_MESSAGES, ...RESETS, ...ENDS])(
    'gets %s',
    async (_what, args, answer) => {
      await measuring();
      expect((await buttons.workflow(...args)).text).toContain(answer);
      await expectVerdict();
    },
  );
});
