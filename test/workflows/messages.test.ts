import type { MassiveProgress } from '../../src/contract/collecting.ts';
import { massiveWorkflowId, UPDATES, WORKFLOWS } from '../../src/contract/names.ts';
import { STATE_ATTRIBUTE } from '../../src/workflows/attributes.ts';
import { refusalOf } from '../support/history.ts';
import { openMassive, runsOfChain, type MassiveStack } from '../support/massive.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';

/** What an operator can send with the Temporal CLI or the Web UI, and what the list of workflows shows. */
let massive: MassiveStack;
let worker: WorkerProcess;

beforeEach(async () => {
  massive = await openMassive([{ kind: 'search', name: 'decisions', fond: 'CETAT', query: '*' }], {
    legifrance: { codes: [], syntheticCodes: [], decisions: 0 },
  });
  worker = startWorker(massive.env());
  await worker.ready;
});
afterEach(async () => {
  await worker.stop();
  await massive.close();
});

interface Metadata {
  readonly currentDetails?: string;
  readonly definition: Readonly<
    Record<
      'queryDefinitions' | 'updateDefinitions',
      readonly { readonly name: string; readonly description?: string }[]
    >
  >;
}

/** What the Web UI shows of a workflow. */
const metadata = () => massive.handle().query<Metadata>('__temporal_workflow_metadata');

const update = (name: string, argument?: unknown) =>
  massive.handle().executeUpdate<MassiveProgress, [unknown]>(name, { args: [argument] });

/** The values of `LegisyncState` of all runs, the newest first, as soon as the newest is `last`. */
async function statesOfRuns(last: string): Promise<readonly (string | undefined)[]> {
  const { workflowId } = massive.handle();
  const stateOf = async (runId?: string) => {
    const { typedSearchAttributes } = await massive.client.workflow.getHandle(workflowId, runId).describe();
    return typedSearchAttributes.get(STATE_ATTRIBUTE);
  };
  await eventually(async () => (await stateOf()) === last);
  const runs = await runsOfChain(massive);
  return Promise.all(
    runs.map(([first]) =>
      stateOf(first?.workflowExecutionStartedEventAttributes?.originalExecutionRunId ?? undefined),
    ),
  );
}

describe('a message to a MASSIVE collection', () => {
  it('that is a Signal changes nothing, and the details say which Updates to send', async () => {
    await massive.start();
    await massive.handle().signal('pause', { reason: 'by mistake' });
    await eventually(async () => (await metadata()).currentDetails?.includes('Signal') === true);
    const { currentDetails } = await metadata();
    expect(currentDetails).toContain(
      'The Signal "pause" had no effect: this workflow takes the Updates pause, resume, setLanes, stop.',
    );
    expect((await update(UPDATES.setLanes, 3)).controls).toEqual({ paused: false, lanes: 3 });
    expect((await metadata()).currentDetails).not.toContain('Signal');
  });

  it('that is an unknown Update fails with the known ones', async () => {
    await massive.start();
    const failure = await refusalOf(update('nosuch'));
    expect(failure.message).toBe(
      'There is no Update "nosuch": this workflow takes the Updates pause, resume, setLanes, stop.',
    );
  });

  it('is described for the Web UI', async () => {
    await massive.start();
    const { definition } = await metadata();
    const described = [...definition.queryDefinitions, ...definition.updateDefinitions]
      .filter(({ name }) => !name.startsWith('__'))
      .map(({ name, description }) => [name, (description ?? '').length > 10]);
    expect(Object.fromEntries(described)).toEqual({
      progress: true,
      pause: true,
      resume: true,
      setLanes: true,
      stop: true,
    });
  });

  it.each<[string, unknown, string]>([
    [UPDATES.setLanes, '8', 'must be a whole number from 1 to 16; it is "8"'],
    [UPDATES.setLanes, null, 'must be a whole number from 1 to 16; it is null'],
    [UPDATES.pause, 'lunch', 'must be an object; it is "lunch". Example: {"reason": "an upgrade"}'],
    [UPDATES.pause, 5, 'must be an object; it is 5.'],
    [UPDATES.pause, { reason: 7 }, 'must be a text of 0 to 200 characters; it is 7.'],
  ])('is refused with the value as it came: %s %j', async (name, argument, message) => {
    await massive.start();
    const failure = await refusalOf(update(name, argument));
    expect(failure).toMatchObject({ type: 'CONFIG_INVALID' });
    expect(failure.message).toContain(message);
  });

  it('pauses without a reason, too', async () => {
    await massive.start();
    expect(await update(UPDATES.pause)).toMatchObject({ controls: { paused: true }, pauseReason: '' });
    expect(await update(UPDATES.pause, { reason: 'an upgrade' })).toMatchObject({
      pauseReason: 'an upgrade',
    });
  });
});

describe('the state of a run', () => {
  it('is "continued" if another run continues it, and "stopped" after a stop', async () => {
    await massive.start({ maxEvents: 20 });
    await eventually(async () => (await update(UPDATES.setLanes, 2)).runs > 2);
    await update(UPDATES.stop);
    await massive.handle().result();
    const [last, ...others] = await statesOfRuns('stopped');
    expect(last).toBe('stopped');
    expect(others.length).toBeGreaterThan(1);
    expect(new Set(others)).toEqual(new Set(['continued']));
  });

  it('is "stopped" after a cancellation', async () => {
    await massive.start();
    await massive.handle().cancel();
    expect(await statesOfRuns('stopped')).toEqual(['stopped']);
  });

  it('is "failed" after a wrong input', async () => {
    const workflowId = massiveWorkflowId(massive.name);
    await massive.client.workflow.start(WORKFLOWS.massive, {
      workflowId,
      taskQueue: massive.name,
      args: [{}],
    });
    expect(await statesOfRuns('failed')).toEqual(['failed']);
  });
});
