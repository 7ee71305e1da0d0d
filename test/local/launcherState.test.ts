import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startPart, type Part } from '../../local/launcher/child.ts';
import { isRunning, startTimeOf, stopLeftover } from '../../local/launcher/processes.ts';
import { logContains } from '../../local/launcher/ready.ts';
import { clearLeftovers, createStackState, readStackState } from '../../local/launcher/state.ts';

let folder: string;
let file: string;
let parts: Part[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'legisync-state-'));
  file = join(folder, '.local', 'stack.json');
  parts = [];
});
afterEach(async () => {
  for (const part of parts) {
    part.kill();
    await part.exited;
  }
  await rm(folder, { recursive: true });
});

const STARTED_AT = '2026-01-02T03:04:05.000Z';

async function thisProcess() {
  return { pid: process.pid, startTime: (await startTimeOf(process.pid)) ?? '', startedAt: STARTED_AT };
}

async function startSample(): Promise<Part> {
  const logFile = join(folder, 'sample.log');
  return await startPart({
    name: 'sample',
    command: process.execPath,
    args: ['-e', "console.log('ready'); setInterval(() => {}, 1000)"],
    env: process.env,
    logFile,
    ready: logContains(logFile, 'ready'),
    readyTimeoutMs: 20_000,
    onSpawned: (part) => void parts.push(part),
  });
}

describe('the stack file', () => {
  it('describes the launcher and its parts, is readable by its owner only, and is removed at the end', async () => {
    const launcher = await thisProcess();
    const state = await createStackState(file, launcher);
    const part = { name: 'postgres', pid: 4_242, startTime: 'boot:7', stopSignal: 'SIGINT' } as const;

    // Concurrent changes are all written.
    await Promise.all([
      state.addPart(part, 'postgresql://127.0.0.1:5432/'),
      state.setEnv({ SUPABASE_URL: 'http://127.0.0.1:54321' }),
    ]);

    expect(await readStackState(file)).toEqual({
      ...launcher,
      env: { SUPABASE_URL: 'http://127.0.0.1:54321' },
      parts: [{ ...part, url: 'postgresql://127.0.0.1:5432/' }],
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, '.local'))).toEqual(['stack.json']);

    await state.remove();
    expect(await readStackState(file)).toBeUndefined();
  });

  it('is never read half written', async () => {
    const state = await createStackState(file, await thisProcess());
    const filler = { X: 'x'.repeat(200_000) };
    const writes = Array.from({ length: 20 }, () => state.setEnv(filler));
    // Each read parses the whole file and rejects invalid content.
    for (let reading = 0; reading < 40; reading += 1) await readStackState(file);
    await Promise.all(writes);
    expect((await readStackState(file))?.env).toEqual(filler);
  });

  it('belongs to exactly one of two launchers that start at the same time', async () => {
    const launcher = await thisProcess();
    const outcomes = await Promise.allSettled([
      createStackState(file, launcher),
      createStackState(file, launcher),
    ]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const refused = outcomes.find((outcome) => outcome.status === 'rejected');
    expect(String(refused?.reason)).toContain('another stack was started here');
  });

  it.each(['{"pid":', '{"pid": 1, "startTime": "", "startedAt": "", "env": {}, "parts": []}'])(
    'is refused, with what to do, when it holds %p',
    async (text) => {
      const broken = join(folder, 'stack.json');
      await writeFile(broken, text);
      await expect(readStackState(broken)).rejects.toThrow(`delete it: rm '${broken}'`);
    },
  );
});

describe('clearLeftovers', () => {
  it('does nothing without a file', async () => {
    expect(await clearLeftovers(file)).toEqual([]);
  });

  it('stops the parts of a launcher that was killed with SIGKILL', async () => {
    const local = (name: string): string =>
      JSON.stringify(pathToFileURL(join(process.cwd(), 'local', 'launcher', name)).href);
    const log = JSON.stringify(join(folder, 'sample.log'));
    const launcher = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { startPart } from ${local('child.ts')};
         import { startTimeOf } from ${local('processes.ts')};
         import { logContains } from ${local('ready.ts')};
         import { createStackState } from ${local('state.ts')};
         const startTime = await startTimeOf(process.pid);
         const state = await createStackState(${JSON.stringify(file)}, { pid: process.pid, startTime, startedAt: 'now' });
         await startPart({
           name: 'sample', command: process.execPath, env: process.env, logFile: ${log},
           args: ['-e', "console.log('ready'); setInterval(() => {}, 1000)"],
           ready: logContains(${log}, 'ready'), readyTimeoutMs: 20000, onSpawned: state.addPart,
         });
         console.log('up');
         setInterval(() => {}, 1000);`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(launcher.stdout, 'data');
    await expect(clearLeftovers(file)).rejects.toThrow(/already running here .*npx legisync status/);
    launcher.kill('SIGKILL');
    await once(launcher, 'close');
    const [part] = (await readStackState(file))?.parts ?? [];
    if (part === undefined) throw new Error('the part was not recorded');
    expect(await isRunning(part)).toBe(true);

    expect(await clearLeftovers(file)).toEqual([{ name: 'sample', pid: part.pid, outcome: 'stopped' }]);

    expect(await isRunning(part)).toBe(false);
    expect(await readStackState(file)).toBeUndefined();
  });

  it('does not signal a process that only has the same pid', async () => {
    const part = await startSample();
    const before = await createStackState(file, {
      pid: part.pid,
      startTime: 'earlier',
      startedAt: STARTED_AT,
    });
    await before.addPart({ ...part, startTime: 'earlier' });

    expect(await clearLeftovers(file)).toEqual([]);

    expect(await isRunning(part)).toBe(true);
  });
});

describe('stopLeftover', () => {
  it('kills a process that ignores the stop signal', async () => {
    const part = await startSample();
    process.kill(part.pid, 'SIGSTOP');
    expect(await stopLeftover(part, { stopSignal: 'SIGTERM', graceMs: 100 })).toBe('killed');
    expect(await part.exited).toMatchObject({ signal: 'SIGKILL', expected: false });
  });
});
