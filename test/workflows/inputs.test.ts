import fc from 'fast-check';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { backfillWorkflowId, massiveWorkflowId, WORKFLOWS } from '../../src/contract/names.ts';
import { PLAIN } from '../support/buckets.ts';
import { openMassive, type MassiveStack } from '../support/massive.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';

/** What the Temporal CLI, the Web UI or another client may give to a workflow. */
let massive: MassiveStack;
let worker: WorkerProcess;

beforeAll(async () => {
  massive = await openMassive([{ kind: 'search', name: 'decisions', fond: 'CETAT', query: '*' }], {
    legifrance: { codes: [], syntheticCodes: [], decisions: 0 },
  });
  worker = startWorker(massive.env());
  await worker.ready;
});
afterAll(async () => {
  await worker.stop();
  await massive.close();
});

let ids = 0;

const start = (type: string, workflowId: string, args: readonly unknown[]) =>
  massive.client.workflow.start(type, { workflowId, taskQueue: massive.name, args: [...args] });

async function failureOf(type: string, workflowId: string, args: readonly unknown[]) {
  const handle = await start(type, workflowId, args);
  const error: unknown = await handle.result().catch((thrown: unknown) => thrown);
  if (!(error instanceof WorkflowFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
  return { code: error.cause.type, message: error.cause.message };
}

const CONTROLS = { paused: false, lanes: 2 };
const MASSIVE = { collection: 'codes', controls: CONTROLS };
const COHERENCE = {
  bucket: 'b',
  kind: 'cheap',
  graceSeconds: 900,
  limits: { missingLimit: 1, gapPercent: 1, requeueHours: 1 },
};
const BACKFILL = { bucket: 'b', start: 'new', options: PLAIN, chunk: 1_000 };

describe('the input of a workflow', () => {
  it.each<[string, readonly unknown[], string]>([
    ['massive', [], 'input must be an object; it is undefined'],
    ['massive', [null], 'input must be an object; it is null'],
    [
      'massive',
      [{}],
      'input.collection must be lower case letters, digits, "-" and "_", at most 63; it is undefined',
    ],
    ['massive', [{ collection: 'codes' }], 'input.controls must be an object; it is undefined'],
    [
      'massive',
      [{ ...MASSIVE, controls: { ...CONTROLS, lanes: 1_000_000 } }],
      'input.controls.lanes must be a whole number from 1 to 16; it is 1000000',
    ],
    [
      'massive',
      [{ ...MASSIVE, controls: { ...CONTROLS, lanes: '8' } }],
      'input.controls.lanes must be a whole number from 1 to 16; it is "8"',
    ],
    ['massive', [{ ...MASSIVE, maxEvents: 0 }], 'input.maxEvents must be a whole number from 1; it is 0'],
    [
      'maintenance',
      [{ collection: 'codes' }],
      'input.limit must be a whole number from 1 to 100; it is undefined',
    ],
    [
      'maintenance',
      [{ collection: 'codes', limit: -5 }],
      'input.limit must be a whole number from 1 to 100; it is -5',
    ],
    [
      'maintenance',
      [{ collection: 'codes', limit: 1_000_000 }],
      'input.limit must be a whole number from 1 to 100; it is 1000000',
    ],
    [
      'maintenance',
      [{ collection: 'codes', limit: 5, sources: [7] }],
      'input.sources[0] must be a text of 1 to 200 characters; it is 7',
    ],
    ['coherence', [{ ...COHERENCE, kind: 'deep' }], 'input.kind must be one of cheap, full; it is "deep"'],
    ['backfill', [null], 'input must be an object; it is null'],
    [
      'backfill',
      [{ ...BACKFILL, chunk: 1 }],
      'input.chunk must be a whole number from 1000 to 1000000; it is 1',
    ],
  ])('of %s, %j, ends it at once with CONFIG_INVALID', async (name, args, message) => {
    const type = WORKFLOWS[name as keyof typeof WORKFLOWS];
    ids += 1;
    const failure = await failureOf(type, `${massive.name}:${ids}`, args);
    expect(failure).toEqual({ code: 'CONFIG_INVALID', message });
  });

  it('starts no second MASSIVE of a collection under another workflow id', async () => {
    const input = { ...MASSIVE, collection: massive.name };
    expect(await failureOf(WORKFLOWS.massive, `${massive.name}:second`, [input])).toEqual({
      code: 'CONFIG_INVALID',
      message:
        `MASSIVE of ${massive.name} must have the workflow id ${massiveWorkflowId(massive.name)}; ` +
        `it is ${massive.name}:second. Start it with \`legisync massive start ${massive.name}\`.`,
    });
  });

  it('leaves no workflow task failing, whatever it is (200 drawn inputs)', async () => {
    const bucket = `${massive.name}-bucket`;
    const [shapes, idsOf] = [
      {
        massive: { ...MASSIVE, collection: massive.name, pauseReason: '', pass: 1, holdUp: null },
        maintenance: { collection: massive.name, limit: 5, sources: ['decisions'] },
        coherence: { ...COHERENCE, bucket },
        backfill: { ...BACKFILL, bucket },
      } satisfies Record<keyof typeof WORKFLOWS, object>,
      { massive: massiveWorkflowId(massive.name), backfill: backfillWorkflowId(bucket) },
    ];
    const drawn = fc.constantFrom(...(Object.keys(shapes) as (keyof typeof WORKFLOWS)[])).chain((name) =>
      fc.record({
        name: fc.constant(name),
        input: fc.oneof(
          { weight: 1, arbitrary: fc.jsonValue() },
          { weight: 4, arbitrary: changed(shapes[name]) },
        ),
      }),
    );
    const check = fc.asyncProperty(drawn, async ({ name, input }) => {
      ids += 1;
      const workflowId = name in idsOf ? idsOf[name as keyof typeof idsOf] : `${massive.name}:${ids}`;
      const handle = await start(WORKFLOWS[name], workflowId, [input]);
      await eventually(async () => {
        const { status, raw, historyLength } = await handle.describe();
        expect(raw.pendingWorkflowTask?.attempt ?? 0).toBeLessThan(2);
        // Its first workflow task is completed: it has ended, or it works.
        return status.name !== 'RUNNING' || historyLength >= 4;
      });
      await handle.terminate().catch(() => undefined);
    });
    await fc.assert(check, { numRuns: 200 });
  });
});

/** The same input, with one field at any depth replaced by something else, or left out. */
function changed(shape: object): fc.Arbitrary<unknown> {
  const paths = pathsOf(shape);
  return fc
    .tuple(fc.constantFrom(...paths), fc.option(fc.jsonValue(), { nil: undefined }))
    .map(([path, value]) => {
      const copy: unknown = structuredClone(shape);
      const last = path.at(-1) ?? '';
      const parent = path
        .slice(0, -1)
        .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], copy);
      (parent as Record<string, unknown>)[last] = value;
      return copy;
    });
}

function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => [[...path, key], ...pathsOf(inner, [...path, key])]);
}
