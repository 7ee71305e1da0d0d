import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { WORKFLOWS } from '../../src/contract/names.ts';
import { BUNDLE_FILES } from '../../src/temporal/workflowBundle.ts';
import { keptHistories, type KeptHistory } from '../support/keptHistories.ts';
import { bundleWith, type Change } from '../support/otherBundle.ts';

/**
 * The gate for a change of workflow code: running workflows are replayed with it, so it must issue
 * the same commands in the same order. A change that cannot needs `patched`.
 */

/** A change that running workflows would refuse. */
interface Mutation extends Change {
  readonly what: string;
  readonly type: keyof typeof WORKFLOWS;
}

const MUTATIONS: readonly Mutation[] = [
  {
    what: 'a second save of the settings after an Update',
    type: 'massive',
    file: 'massive/operator.ts',
    from: '    await mine;\n',
    to: '    await mine;\n    await save();\n',
  },
  {
    what: 'a timer before it continues as new',
    type: 'massive',
    file: 'massive/collectMassive.ts',
    from: '  return continueWith<',
    to: '  await condition(() => false, 1_000);\n  return continueWith<',
  },
  {
    what: 'a second timer after a problem',
    type: 'massive',
    file: 'massive/feeder.ts',
    from: '      state.restMs = 0;\n',
    to: '      await condition(mustEnd, 1_000);\n      state.restMs = 0;\n',
  },
  {
    what: 'ready batches that are not released at the end',
    type: 'massive',
    file: 'massive/collectMassive.ts',
    from: 'if (isEnding()) await Promise.all(',
    to: 'if (!isEnding()) await Promise.all(',
  },
  {
    what: 'one more fetch',
    type: 'maintenance',
    file: 'collectMaintenance.ts',
    from: '  const { upload, enqueued, failure } =',
    to: "  await fetchBatches({ batch, limit: 1, mode: 'maintenance' });\n  const { upload, enqueued, failure } =",
  },
  {
    what: 'no release after a cancellation',
    type: 'maintenance',
    file: 'batch.ts',
    from: '    failure = error;\n',
    to: '    throw error;\n',
  },
  {
    what: 'a timer after a time-out',
    type: 'backfill',
    file: 'backfill/backfillFilesQueue.ts',
    from: '      timeouts += 1;\n',
    to: '      timeouts += 1;\n      await sleep(1_000);\n',
  },
  {
    what: 'no cheap reading after a time-out',
    type: 'coherence',
    file: 'checkCoherence.ts',
    from: "if (input.kind === 'full') {",
    to: "if (input.kind !== 'full') {",
  },
];

let histories: readonly KeptHistory[];

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'OFF' } } });
  histories = await keptHistories();
});

/** Replays a history. Returns the error of the replay. */
async function replay(
  workflowBundle: { readonly codePath: string },
  { history, workflowId }: KeptHistory,
): Promise<unknown> {
  return Worker.runReplayHistory({ workflowBundle }, history, workflowId).then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('the kept histories', () => {
  it('are of every workflow type', () => {
    expect([...new Set(histories.map(({ type }) => type))].sort()).toEqual(Object.values(WORKFLOWS).sort());
  });

  it('replay', async () => {
    const failed = [];
    for (const kept of histories) {
      const error = await replay({ codePath: BUNDLE_FILES.code }, kept);
      if (error !== undefined) failed.push([kept.name, error]);
    }
    expect(failed).toEqual([]);
  });

  it.each(MUTATIONS)('do not replay with $what in $type', async (mutation) => {
    const bundle = await bundleWith(mutation);
    for (const kept of histories.filter(({ type }) => type === WORKFLOWS[mutation.type])) {
      const error = await replay(bundle, kept);
      if (error === undefined) continue;
      expect(error).toBeInstanceOf(DeterminismViolationError);
      return;
    }
    throw new Error('Every history replays with this change.');
  });
});
