/**
 * Part of `tools/image/check.sh`: collects documents with the programs of a mounted image, prints one
 * line of JSON, and ends with 0 if each document is there exactly once.
 *
 *   buildah inspect --type image IMAGE | node tools/image/run.ts ROOT
 */
import { execFile } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { pollUntil } from '../../local/launcher/poll.ts';
import { round } from '../../bench/support/figures.ts';
import { residentMb } from '../../bench/support/memory.ts';
import { createCounter } from '../../local/stack/counts.ts';
import { imagePrograms } from './programs.ts';
import { startServices } from '../support/services.ts';

const DOCUMENTS = 2_000;
const RATE = 100;
const WAIT_MS = 300_000;

const root = process.argv[2] ?? '';
const inspected = await text(process.stdin);
const services = await startServices(RATE, log);
const counter = createCounter(services.databaseUrl, services.settings['LEGISYNC_BUCKET'] ?? '');
const image = imagePrograms(inspected, root, services.settings);
const waiting = { everyMs: 200, timeoutMs: WAIT_MS, signal: services.signal };
const memoryMb: number[] = [];
try {
  log((await image.run('legisync', '--version')).stdout.trim());
  await image.run('legisync', 'migrate');
  const again = JSON.parse((await image.run('legisync', 'migrate', '--json')).stdout) as unknown;
  log(`legisync migrate, repeated: ${JSON.stringify(again)}`);

  const startedAt = performance.now();
  const worker = image.start();
  await pollUntil(image.healthy, waiting);
  const readySeconds = round((performance.now() - startedAt) / 1_000, 1);
  log(`worker ${worker.child.pid ?? 0} is healthy after ${readySeconds} s`);

  await image.run('legisync', 'up');
  await pollUntil(async () => {
    memoryMb.push(await residentMb(worker.child.pid ?? 0));
    return (await counter.counts()).stored >= DOCUMENTS;
  }, waiting);
  log((await image.run('legisync', 'status')).stdout);

  // The first worker stops in the middle of its batches. A second one continues them.
  const stoppedAt = performance.now();
  worker.child.kill('SIGTERM');
  const first = await worker.ended;
  const stopSeconds = round((performance.now() - stoppedAt) / 1_000, 1);
  const next = image.start();
  await image.run('legisync', 'massive', 'stop', '--wait');
  next.child.kill('SIGTERM');
  const second = await next.ended;
  for (const { code, stderr } of [first, second]) if (code !== 0) log(stderr.slice(-3_000));

  const counts = await counter.counts();
  const gaps = await counter.gaps();
  const uploads = (await (await fetch(`${services.gatewayUrl}/_stats`)).json()) as {
    sameHashUploadsMax: number;
  };
  const clean =
    first.code === 0 &&
    second.code === 0 &&
    counts.objects === counts.rows &&
    counts.rows === counts.stored &&
    gaps.missing + gaps.dangling === 0 &&
    uploads.sameHashUploadsMax === 1;
  const report = {
    clean,
    ...counts,
    ...gaps,
    sameHashUploadsMax: uploads.sameHashUploadsMax,
    imageMb: await sizeMb(`${root}/opt/legisync`),
    readySeconds,
    stopSeconds,
    workerExitCodes: [first.code, second.code],
    workerMemoryMb: { end: Math.round(memoryMb.at(-1) ?? 0), max: Math.round(Math.max(...memoryMb)) },
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exitCode = clean ? 0 : 1;
} finally {
  await counter.close();
  await services.close();
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** What the image has beside its base. */
async function sizeMb(folder: string): Promise<number> {
  const { stdout } = await promisify(execFile)('du', ['--summarize', '--block-size=1000000', folder]);
  return Number.parseInt(stdout, 10);
}
