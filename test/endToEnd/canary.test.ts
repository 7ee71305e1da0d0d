import { execFile } from 'node:child_process';
import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Part } from '../../local/launcher/child.ts';
import type { Ended } from '../commands/harness.ts';
import { createFinder, type Finder, type Leak } from '../support/canaries/finder.ts';
import type { Form } from '../support/canaries/needles.ts';
import { eventually, startWorker } from '../support/workers.ts';
import { watchCommandLines, type CommandLines } from './canary/commandLines.ts';
import { inFiles, inTables, inTemporal } from './canary/search.ts';
import { SECRETS, WRONG_SECRETS } from './canary/secrets.ts';
import { openCanaryStack, type CanaryStack } from './canary/stack.ts';

/**
 * The whole with marked credentials: right ones, wrong ones, and services that repeat them in their
 * errors. Then nothing that was written contains one, in any form.
 */

/** gRPC status code: the call may be repeated. */
const UNAVAILABLE = 14;
const WRONG_KEY = { TEMPORAL_API_KEY: WRONG_SECRETS.temporalKey };

/** A code of the collection whose table of contents cannot be read, and articles of another one. */
const LABOUR_CODE = 'LEGITEXT000006072050';
/** Among the first that are collected. */
const ARTICLES = [397, 455, 464, 467].map((end) => `LEGIARTI000006740${end}`);

interface Planted {
  readonly lines: readonly string[];
  readonly found: Form;
}

const planted = SECRETS.pisteSecret;

/** Each form of a leak, as lines of a log. */
const PLANTED: Readonly<Record<string, Planted>> = {
  plain: { lines: [`connect with ${planted}`], found: 'plain' },
  'URL-encoded': { lines: [`GET /?key=${encodeURIComponent(planted)}`], found: 'URL-encoded' },
  base64: { lines: [`Basic ${Buffer.from(`id:${planted}`).toString('base64')}`], found: 'base64' },
  'JSON-escaped': { lines: [JSON.stringify({ msg: `no ${planted}` })], found: 'JSON-escaped' },
  'split over two lines': {
    lines: [
      JSON.stringify({ msg: `no ${planted.slice(0, 6)}`, pid: 1 }),
      JSON.stringify({ msg: `${planted.slice(6)} is refused`, pid: 1 }),
    ],
    found: 'split over two lines',
  },
  'in a cause three levels down': {
    lines: [JSON.stringify({ err: { cause: { cause: { cause: { message: `no ${planted}` } } } } })],
    found: 'JSON-escaped',
  },
};

let stack: CanaryStack;
let finder: Finder;
let commandLines: CommandLines;
let worker: Part | undefined;
/** All that the commands have printed. */
const outputs: string[] = [];

beforeAll(async () => {
  commandLines = watchCommandLines();
  stack = await openCanaryStack();
  finder = createFinder(stack.canaries);
});
afterAll(async () => {
  await commandLines.stop();
  await stack.close();
});

async function legisyncWith(settings: Readonly<Record<string, string>>, ...args: string[]): Promise<Ended> {
  const ended = await stack.legisync(settings, ...args);
  outputs.push(ended.stdout, ended.stderr);
  return ended;
}

/** A command that must succeed. */
async function legisync(...args: string[]): Promise<Ended> {
  const ended = await legisyncWith({}, ...args);
  expect({ args, ...ended }).toMatchObject({ code: 0 });
  return ended;
}

const progressShows = (text: string) =>
  eventually(async () => (await legisyncWith({}, 'massive', 'status', '--json')).stdout.includes(text));
const logShows = (worker: Part, text: string) =>
  eventually(async () => (await readFile(worker.logFile, 'utf8')).includes(text));
const isStored = (files: number) =>
  eventually(async () => {
    const [row] = await stack.sql<{ n: number }>('select count(*)::int as n from public.files_queue');
    return (row?.n ?? 0) >= files;
  });
/** A batch records its failures at its end. */
const documentShows = (pattern: string) =>
  eventually(async () => {
    const found = await stack.sql('select from legisync.documents where message like $1 limit 1', [
      `%${pattern}%`,
    ]);
    return found.length > 0;
  });
const echo = (path: string, times: number, status: number) =>
  stack.simulator({ action: 'fault', fault: { kind: 'echo', path, times, status } });

async function refusesWrongDatabases(): Promise<void> {
  const wrong = { SUPABASE_DB_URL: stack.urlWith(WRONG_SECRETS.databasePassword) };
  const refused = await legisyncWith(wrong, 'migrate');
  expect(refused).toMatchObject({ code: 8 });
  expect(refused.stderr).toContain('DATABASE_REFUSED');
  // Node's error for it holds the whole URL.
  const impossible = stack.urlWith(SECRETS.databasePassword).replace('@127.0.0.1:', '@127.0.0.1:9');
  expect((await legisyncWith({ SUPABASE_DB_URL: impossible }, 'migrate')).code).not.toBe(0);
}

async function refusesWrongApiKeys(): Promise<void> {
  const status = await legisyncWith(WRONG_KEY, 'status', '--json');
  expect(status).toMatchObject({ code: 3 });
  const worker = startWorker(stack.workerEnv(WRONG_KEY));
  expect(await worker.ended).toBe(1);
  outputs.push(worker.output());
}

/** Légifrance refuses the client secret, and repeats it. */
async function runsWithWrongPisteSecret(): Promise<void> {
  await echo('/oauth/token', 1_000, 401);
  const worker = await stack.worker('worker-piste', { PISTE_CLIENT_SECRET: WRONG_SECRETS.pisteSecret });
  await legisync('up');
  await progressShows('LEGIFRANCE_CREDENTIALS');
  await logShows(worker, '[secret] | [secret]');
  await worker.stop(20_000);
  await stack.simulator({ action: 'clearFaults' });
}

/** Supabase refuses the service key, and repeats it. */
async function runsWithWrongServiceKey(): Promise<void> {
  await stack.gateway({ fault: { kind: 'echo', match: '^POST ', status: 401 } });
  const worker = await stack.worker('worker-key', { SUPABASE_SERVICE_ROLE_KEY: WRONG_SECRETS.serviceKey });
  // The workflow has resumed, and cannot save that: NOT_CONFIRMED.
  expect(await legisyncWith({}, 'massive', 'resume')).toMatchObject({ code: 7 });
  await progressShows('SUPABASE_CREDENTIALS');
  await logShows(worker, '[secret]');
  const wrong = { SUPABASE_SERVICE_ROLE_KEY: WRONG_SECRETS.serviceKey };
  expect(await legisyncWith(wrong, 'coherence')).toMatchObject({ code: 8 });
  await worker.stop(20_000);
  await stack.gateway({ clear: true });
}

/** Everything is right, but the services repeat what they get in some of their errors. */
async function collectsThroughEchoes(): Promise<Part> {
  const always = { kind: 'echo', times: 1_000_000, status: 400 };
  await stack.simulator({
    action: 'fault',
    fault: { ...always, path: '/tableMatieres', id: LABOUR_CODE },
  });
  // Always the same documents, while others succeed: then it is the documents that have failed.
  for (const id of ARTICLES)
    await stack.simulator({ action: 'fault', fault: { ...always, path: '/getArticle', id } });
  await stack.gateway({ fault: { kind: 'echo', match: '^POST /storage/v1/object/.*7\\.json', status: 400 } });
  await echo('/getArticle', 2, 401);
  await echo('/getArticle', 2, 500);
  await echo('/oauth/token', 1, 401);
  await stack.gateway({ fault: { kind: 'echo', match: '^POST /rest/v1/rpc/', status: 400, times: 2 } });
  const worker = await stack.worker('worker');
  await legisync('massive', 'resume');
  await isStored(150);
  stack.proxy.refuse({ code: UNAVAILABLE, text: (authorization) => `no: ${authorization}` });
  await logShows(worker, 'no: Bearer [secret]');
  expect(await legisyncWith({}, 'status')).toMatchObject({ code: 4 });
  stack.proxy.refuse();
  await documentShows('Storage answered 400%[secret]');
  await documentShows('Légifrance answered HTTP%[secret]');
  await stack.gateway({ clear: true });
  return worker;
}

async function runsAllCommands(): Promise<void> {
  await legisync('massive', 'pause', '--reason', 'a test');
  await legisync('status');
  await legisync('status', '--json');
  await legisync('massive', 'status');
  await legisync('massive', 'resume');
  await legisync('massive', 'lanes', '2');
  // A backfill beside a collection may end with 1: files of the last moments have no row yet.
  await legisync('massive', 'stop', '--wait');
  await legisync('maintenance', 'run', '--limit', '10', '--json');
  await legisync('coherence', '--json');
  await legisync('backfill', '--dry-run');
  await legisync('backfill', '--yes', '--json');
  for (const list of ['missing', 'dangling', 'stale', 'rate']) await legisync(list);
  await legisync('repair', 'dangling', '--dry-run');
  await legisync('schedules', 'plan');
  await legisync('migrate', '--check');
  await legisync('config');
  await legisync('config', '--json');
  await legisync('config', '--env-example');
  await legisync('env', 'SUPABASE_URL');
}

/** A line as a value: an object if it is one in JSON. */
const asContent = (line: string): unknown => (line.startsWith('{') ? JSON.parse(line) : line);

/** Everywhere but in files and command lines. */
async function searchServices(): Promise<{ leaks: Leak[]; types: ReadonlySet<string> }> {
  const { leaks, types } = await inTemporal(finder, stack);
  return { leaks: [...leaks, ...(await inTables(finder, stack))], types };
}

describe('a canary in each credential', () => {
  it('is used by the whole, and refused where it is wrong', async () => {
    await refusesWrongDatabases();
    await refusesWrongApiKeys();
    await legisync('migrate');
    await runsWithWrongPisteSecret();
    await runsWithWrongServiceKey();
    worker = await collectsThroughEchoes();
  }, 600_000);

  it('is used by each command', runsAllCommands);

  it('is found in no log, output, history, table, metric, file or command line', async () => {
    const metrics = await (await fetch(stack.metricsUrl)).text();
    expect(metrics).toContain('temporal_activity_execution_latency');

    const { leaks, types } = await searchServices();
    expect([...types].sort()).toEqual(['backfillFilesQueue', 'collectMaintenance', 'collectMassive']);
    expect(leaks).toEqual([]);
    expect(finder.inLines('metrics', metrics)).toEqual([]);
    expect(outputs.flatMap((text, at) => finder.inLines(`output ${at}`, text))).toEqual([]);
    await worker?.stop(20_000);

    const lines = [...(await commandLines.stop())].join('\n');
    for (const part of ['postgres', 'local/supabase/main.ts', 'local/legifrance/main.ts', 'start-dev']) {
      expect(lines).toContain(part);
    }
    expect(lines).toMatch(/bin\/worker\.js/);
    expect(lines).toMatch(/bin\/legisync\.js massive status/);
    expect(finder.inLines('ps', lines)).toEqual([]);

    // The files that the stack is started from, and no others.
    const found = new Set((await inFiles(finder, stack.folder)).map(({ where }) => where.replace(/:.*/, '')));
    expect([...found].sort()).toEqual([...stack.secretFiles].sort());
    for (const file of stack.secretFiles) expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('is found where it is planted: in a log, a table and a history, in each of six forms', async () => {
    const log = stack.log('worker');
    const atLine = new Map<string, number>();
    await stack.sql('create table public.planted (form text, content jsonb)');
    for (const [form, { lines }] of Object.entries(PLANTED)) {
      atLine.set(form, (await readFile(log, 'utf8')).split('\n').length);
      await appendFile(log, `${lines.join('\n')}\n`);
      const content = lines.map(asContent);
      await stack.sql('insert into public.planted values ($1, $2)', [form, JSON.stringify(content)]);
      const own = { workflowId: `planted ${form}`, taskQueue: 'nobody' };
      await stack.temporal.workflow.start('nobody', { ...own, args: [{ [form]: content }] });
    }
    const [inLogs, inRows] = [await inFiles(finder, dirname(log)), await inTables(finder, stack)];
    for (const [form, { found }] of Object.entries(PLANTED)) {
      expect(inLogs).toContainEqual({
        canary: 'pisteSecret',
        form: found,
        where: expect.stringMatching(`worker.log.*:${atLine.get(form) ?? 0}\\b`) as string,
      });
    }
    const rows = new Set(inRows.flatMap(({ where }) => /^public\.planted\.(\d+)/.exec(where)?.[1] ?? []));
    expect(rows.size).toBe(Object.keys(PLANTED).length);
    // The list of workflows is up to date a moment after their start.
    await eventually(async () => {
      const { leaks } = await inTemporal(finder, stack);
      return Object.keys(PLANTED).every((form) =>
        leaks.some(({ where }) => where.startsWith(`workflow planted ${form}.events`)),
      );
    });
  });

  it('is found in a file and in a command line', async () => {
    const file = join(stack.folder, 'home', 'planted.bin');
    await writeFile(file, Buffer.concat([Buffer.from([0, 255, 1]), Buffer.from(SECRETS.pisteSecret)]));
    expect((await inFiles(finder, dirname(file))).map(({ where }) => where)).toContain(file);

    const planted = execFile(process.execPath, ['-e', 'process.stdin.resume()', SECRETS.temporalKey]);
    try {
      await eventually(async () => {
        const seen = [...(await watchCommandLines().stop())].join('\n');
        return finder.inLines('ps', seen).some(({ canary }) => canary === 'temporalKey');
      });
    } finally {
      planted.kill();
    }
  });
});
