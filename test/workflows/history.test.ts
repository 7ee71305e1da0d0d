import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import {
  backfillWorkflowId,
  coherenceScheduleId,
  massiveWorkflowId,
  UPDATES,
  WORKFLOWS,
} from '../../src/contract/names.ts';
import type { MaintenanceInput } from '../../src/contract/collecting.ts';
import { PLAIN, plantBucket } from '../support/buckets.ts';
import { openMassive, runsOfChain, type HistoryEvent, type MassiveStack } from '../support/massive.ts';
import { eventually, startWorker, workflowBundle, type WorkerProcess } from '../support/workers.ts';

const CODE = 'LEGITEXT000099000004';
const RECORDING = process.env['RECORD_HISTORIES'] === '1';
/** Recorded histories are short. */
const ARTICLES = RECORDING ? 300 : 2_000;
const KEPT = join(import.meta.dirname, 'histories');

/**
 * Recorded histories. A changed workflow must still replay them, or be versioned with `patched`.
 * Files are added, never changed. Record with `RECORD_HISTORIES=1 npm test --
 * test/workflows/history`.
 */
describe('the history of a collection', () => {
  let massive: MassiveStack;
  let worker: WorkerProcess;
  let runs: readonly (readonly HistoryEvent[])[];

  beforeAll(async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'OFF' } } });
    massive = await openMassive(
      [
        { kind: 'codes', name: 'codes', codes: [CODE] },
        { kind: 'search', name: 'decisions', fond: 'CETAT', query: '*' },
      ],
      {
        legifrance: {
          codes: [],
          syntheticCodes: [{ id: CODE, title: 'Code de l’histoire', articles: ARTICLES }],
          decisions: 40,
        },
      },
    );
    worker = startWorker(massive.env({ LEGISYNC_PASS_INTERVAL_SECONDS: '86400' }));
    await worker.ready;
    await massive.start({ controls: { paused: false, lanes: 4 } });
    await eventually(async () => (await massive.stack.supabase.catalogue.counts(massive.name)).passComplete);
    await massive.handle().executeUpdate(UPDATES.stop);
    await massive.handle().result();
    runs = await runsOfChain(massive);
  });

  afterAll(async () => {
    await worker.stop();
    await massive.close();
  });

  it('has at most 140 events and 130 KB for a thousand documents, beside its start and end (invariant 13)', async () => {
    const thousands = (ARTICLES + 40) / 1_000;
    const events = runs.reduce((sum, run) => sum + run.length, 0);
    const { historySize } = await massive.handle().describe();
    // The first fetches, the end of the pass and the Update cost up to 60 events.
    expect(events).toBeLessThanOrEqual(60 + 140 * thousands);
    expect((historySize ?? Infinity) / thousands).toBeLessThanOrEqual(130_000);
    expect(runs).toHaveLength(1);
  });

  it('has no payload over 50 KB, although a code lists thousands of ids (invariant 13)', () => {
    const sizes = runs.flat().flatMap(payloadSizes);
    expect(sizes.length).toBeGreaterThan(50);
    expect(Math.max(...sizes)).toBeLessThan(50_000);
  });

  it('holds no secret and no document (invariant 12)', () => {
    const text = runs.flat().flatMap(payloadTexts).concat(JSON.stringify(runs)).join('\n');
    expect(text).toContain('LEGIARTI');
    for (const canary of ['canary-piste-secret', massive.stack.gateway.serviceKey, 'Bearer ', 'texteHtml']) {
      expect(text).not.toContain(canary);
    }
  });

  it('replays, and so do the histories kept from earlier versions', async () => {
    const handle = massive.client.workflow.getHandle(massiveWorkflowId(massive.name));
    const fresh = await handle.fetchHistory();
    await Worker.runReplayHistory({ workflowBundle: workflowBundle() }, fresh, handle.workflowId);

    const input: MaintenanceInput = { collection: massive.name, limit: 20, sources: ['decisions'] };
    const maintenance = await massive.client.workflow.start(WORKFLOWS.maintenance, {
      workflowId: `maintenance:${massive.name}:manual`,
      taskQueue: massive.name,
      args: [input],
    });
    await maintenance.result();
    const backfill = await backfilled();
    await Worker.runReplayHistory(
      { workflowBundle: workflowBundle() },
      await backfill.fetchHistory(),
      backfill.workflowId,
    );
    const coherence = await checked();
    await Worker.runReplayHistory(
      { workflowBundle: workflowBundle() },
      await coherence.fetchHistory(),
      coherence.workflowId,
    );
    if (RECORDING) {
      await keep('collectMassive-1.json', handle);
      await keep('collectMaintenance-1.json', maintenance);
      await keep('backfillFilesQueue-1.json', backfill);
      await keep('checkCoherence-1.json', coherence);
    }
    const kept = await readdir(KEPT);
    expect(kept.map((file) => file.replace(/-\d+\.json$/, '')).sort()).toEqual(
      Object.values(WORKFLOWS).sort(),
    );
    for (const file of kept) {
      const history: unknown = JSON.parse(await readFile(join(KEPT, file), 'utf8'));
      // A backfill compares its workflow id with its bucket.
      const { workflowId } = firstEventOf(history);
      await Worker.runReplayHistory({ workflowBundle: workflowBundle() }, history, workflowId);
    }
  });

  /** A backfill that was paused and resumed. */
  async function backfilled(): Promise<WorkflowHandle> {
    const bucket = await plantBucket(massive.stack, 4_000);
    const handle = await massive.client.workflow.start(WORKFLOWS.backfill, {
      workflowId: backfillWorkflowId(bucket),
      taskQueue: massive.name,
      args: [{ bucket, start: 'new', options: PLAIN, chunk: 1_000 }],
    });
    await handle.executeUpdate(UPDATES.pause, { args: [{ reason: 'for the record' }] });
    await handle.executeUpdate(UPDATES.resume);
    await handle.result();
    return handle;
  }

  /** A coherence check of a bucket without rows. */
  async function checked(): Promise<WorkflowHandle> {
    const bucket = await plantBucket(massive.stack, 10);
    const handle = await massive.client.workflow.start(WORKFLOWS.coherence, {
      workflowId: `${coherenceScheduleId(bucket)}:test`,
      taskQueue: massive.name,
      args: [
        {
          bucket,
          kind: 'full',
          graceSeconds: 900,
          limits: { missingLimit: 1_000, gapPercent: 10, requeueHours: 24 },
        },
      ],
    });
    await handle.result();
    return handle;
  }

  it('does not replay with a workflow whose commands have changed, so the test above can fail', async () => {
    const fresh = await massive.handle().fetchHistory();
    const changed = join(import.meta.dirname, 'changedWorkflow.ts');
    await expect(Worker.runReplayHistory({ workflowsPath: changed }, fresh)).rejects.toThrow(
      DeterminismViolationError,
    );
  });
});

/** The attributes of the first event of a recorded history. */
function firstEventOf(history: unknown): { readonly workflowId: string } {
  const { events } = history as {
    readonly events: readonly {
      readonly workflowExecutionStartedEventAttributes: { readonly workflowId: string };
    }[];
  };
  const [first] = events;
  if (first === undefined) throw new Error('a kept history is empty');
  return first.workflowExecutionStartedEventAttributes;
}

async function keep(file: string, handle: WorkflowHandle): Promise<void> {
  await writeFile(join(KEPT, file), compact(historyToJSON(await handle.fetchHistory())));
}

function compact(json: string): string {
  return `${JSON.stringify(JSON.parse(json))}\n`;
}

/** Every payload of an event, at any depth. */
function payloads(value: unknown): readonly Uint8Array[] {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return [];
  const { data, metadata } = value as { data?: unknown; metadata?: unknown };
  if (data instanceof Uint8Array && metadata !== undefined) return [data];
  return Object.values(value).flatMap(payloads);
}

function payloadSizes(event: HistoryEvent): readonly number[] {
  return payloads(event).map((data) => data.length);
}

function payloadTexts(event: HistoryEvent): readonly string[] {
  return payloads(event).map((data) => Buffer.from(data).toString('utf8'));
}
