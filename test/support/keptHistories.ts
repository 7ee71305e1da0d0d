import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { lastBuildOf } from '../../src/temporal/deployment.ts';
import { findWorkflowBundle } from '../../src/temporal/workflowBundle.ts';

/**
 * Histories of the workflow tests, one folder for each version of legisync. A changed workflow must
 * still replay them. Record those of a new version with
 * `RECORD_HISTORIES=1 npx jest test/workflows`; those of a released version are never changed.
 */
const FOLDER = join(import.meta.dirname, '../workflows/histories');
const MANIFEST = join(import.meta.dirname, '../../package.json');

/** Of each test file and workflow type, so that the folder stays below a few megabytes. */
const MAX_KEPT = 12;

const RECORDING = process.env['RECORD_HISTORIES'] === '1';
const kept = new Map<string, number>();

/** In a recording: keeps the histories of all runs on a task queue. Call it before the stack closes. */
export async function keepHistories(client: Client, taskQueue: string): Promise<void> {
  if (!RECORDING) return;
  const file = basename(expect.getState().testPath ?? '', '.test.ts');
  const { version } = JSON.parse(await readFile(MANIFEST, 'utf8')) as { readonly version: string };
  const folder = join(FOLDER, version);
  await mkdir(folder, { recursive: true });
  const { buildId: own } = await findWorkflowBundle();
  for await (const { workflowId, runId, type } of client.workflow.list({
    query: `TaskQueue = '${taskQueue}'`,
  })) {
    const handle = client.workflow.getHandle(workflowId, runId);
    // A test may have workers with other workflow code, whose runs this code cannot replay.
    if (![own, null].includes(lastBuildOf(await handle.describe()))) continue;
    const label = `${type}-${file}`;
    const number = (kept.get(label) ?? 0) + 1;
    if (number > MAX_KEPT) continue;
    kept.set(label, number);
    const history = await handle.fetchHistory();
    await writeFile(
      join(folder, `${label}-${number}.json.gz`),
      gzipSync(historyToJSON(history), { level: 9 }),
    );
  }
}

/** A kept history. */
export interface KeptHistory {
  /** Its file, for messages. */
  readonly name: string;
  readonly type: string;
  readonly workflowId: string;
  /** As JSON. */
  readonly history: unknown;
}

/** All kept histories, of every version. */
export async function keptHistories(): Promise<KeptHistory[]> {
  const names = (await readdir(FOLDER, { recursive: true })).filter((name) => name.endsWith('.json.gz'));
  return Promise.all(
    names.sort().map(async (name) => {
      const history: unknown = JSON.parse(gunzipSync(await readFile(join(FOLDER, name))).toString('utf8'));
      // A backfill and a MASSIVE compare their workflow id with their input.
      const [type = ''] = basename(name).split('-');
      return { name, type, workflowId: firstEventOf(history).workflowId, history };
    }),
  );
}

/** The attributes of the first event. */
function firstEventOf(history: unknown): { readonly workflowId: string } {
  const { events } = history as {
    readonly events: readonly {
      readonly workflowExecutionStartedEventAttributes: { readonly workflowId: string };
    }[];
  };
  const [first] = events;
  if (first === undefined) throw new Error('A kept history is empty.');
  return first.workflowExecutionStartedEventAttributes;
}
