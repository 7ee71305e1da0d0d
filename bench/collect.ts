/**
 * Runs the whole local stack until `--documents` are collected, and prints one line of JSON: the
 * share of the quota that was used, refused requests, documents per second, the worker's memory
 * over time, and the size of the history for a thousand documents. Rates depend on the machine, so
 * a missed bound is only shown (MISSED).
 *
 *   npm run bench:collect -- --documents 2000 --rate 20
 *   npm run bench:collect -- --documents 20000 --rate 300
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { pollUntil } from '../local/launcher/poll.ts';
import { readStackState, type StackState } from '../local/launcher/state.ts';
import { buildWorkflows } from '../tools/build/workflows.ts';
import { residentMb } from './support/memory.ts';
import { removeDataDir } from '../local/postgres/dataDir.ts';

const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: '2000' },
    rate: { type: 'string', default: '20' },
    decisions: { type: 'string', default: '2000' },
  },
});
const documents = Number(values.documents);
const rate = Number(values.rate);

/** Two busy cores use 92 % of the default rate. Faster rates are limited by the machine. */
const LEAST_QUOTA_USED_PERCENT = 90;
const DEFAULT_RATE = 20;

/** Often enough to detect a leak. */
const SAMPLE_MS = 2_000;

await buildWorkflows();
const folder = await mkdtemp(join(tmpdir(), 'legisync-bench-'));
const data = join(folder, '.local');
const child = spawn(
  process.execPath,
  [
    join(import.meta.dirname, '..', 'bin/start.js'),
    ...['--data', data, '--rate', values.rate, '--decisions', values.decisions],
  ],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
try {
  const stack = await usable();
  const connection = await Connection.connect({ address: stack.env['TEMPORAL_ADDRESS'] ?? '' });
  const { workflow } = new Client({ connection });
  const stats = async (): Promise<Stats> =>
    (await (await fetch(`${new URL(stack.env['LEGIFRANCE_API_URL'] ?? '').origin}/_stats`)).json()) as Stats;

  const memory: { documents: number; rssMb: number }[] = [];
  let last: Stats = await stats();
  await pollUntil(
    async () => {
      last = await stats();
      memory.push({ documents: last.consults.distinct, rssMb: await workerRss(stack) });
      return last.consults.distinct >= documents;
    },
    { everyMs: SAMPLE_MS, timeoutMs: 3_600_000 },
  );

  // The end of the run is not measured, because lanes drain when it stops.
  const { firstMs, lastMs, total, maxInAnySecond } = last.arrivals;
  const seconds = ((lastMs ?? 0) - (firstMs ?? 0)) / 1_000;
  let events = 0;
  let bytes = 0;
  let runId = '';
  do {
    const handle = workflow.getHandle('massive:codes', runId === '' ? undefined : runId);
    const described = await handle.describe();
    const history = await handle.fetchHistory();
    events += described.historyLength;
    bytes += described.historySize ?? 0;
    runId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? '';
  } while (runId !== '');
  await connection.close();

  const thousands = last.consults.distinct / 1_000;
  const settled = memory.filter((sample) => sample.documents > documents / 10);
  const quotaUsedPercent = round((100 * total) / (seconds * rate));
  const refused = last.api.byStatus['429'] ?? 0;
  const report = {
    documents: last.consults.distinct,
    seconds: round(seconds),
    documentsPerSecond: round(last.consults.distinct / seconds),
    requests: total,
    maxInAnySecond,
    quotaUsedPercent,
    refused,
    missedBounds: missed(quotaUsedPercent, refused),
    eventsPerThousand: round(events / thousands),
    historyBytesPerThousand: Math.round(bytes / thousands),
    workerRssMb: quarters(settled).map((sample) => ({
      documents: sample.documents,
      rssMb: round(sample.rssMb),
    })),
  };
  console.log(JSON.stringify(report));
} finally {
  child.kill('SIGINT');
  await once(child, 'exit');
  await removeDataDir(join(data, 'postgres'));
  await rm(folder, { recursive: true, force: true });
}

function missed(quotaUsedPercent: number, refused: number): string[] {
  const slow = rate <= DEFAULT_RATE && quotaUsedPercent < LEAST_QUOTA_USED_PERCENT;
  return [
    ...(slow ? [`MISSED: ${quotaUsedPercent} % of the quota instead of ${LEAST_QUOTA_USED_PERCENT} %`] : []),
    ...(refused > 0 ? [`MISSED: ${refused} requests refused (429) instead of none`] : []),
  ];
}

interface Stats {
  readonly api: { readonly byStatus: Readonly<Record<string, number>> };
  readonly consults: { readonly distinct: number };
  readonly arrivals: {
    readonly total: number;
    readonly maxInAnySecond: number;
    readonly firstMs: number | null;
    readonly lastMs: number | null;
  };
}

async function usable(): Promise<StackState> {
  let state: StackState | undefined;
  await pollUntil(
    async () => {
      state = await readStackState(join(data, 'stack.json'));
      return Object.keys(state?.env ?? {}).length > 0;
    },
    { everyMs: 200, timeoutMs: 120_000 },
  );
  if (state === undefined) throw new Error('the stack did not start');
  return state;
}

/** Resident memory of the worker process, in MB. Linux only (procfs). */
function workerRss(stack: StackState): Promise<number> {
  return residentMb(stack.parts.find(({ name }) => name === 'worker')?.pid ?? 0);
}

/** The first sample and those a quarter, a half, … of the way. */
function quarters<T>(samples: readonly T[]): readonly T[] {
  return [0, 0.25, 0.5, 0.75, 1].flatMap((share) => samples[Math.round(share * (samples.length - 1))] ?? []);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
