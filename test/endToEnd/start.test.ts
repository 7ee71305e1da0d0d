import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning } from '../../local/launcher/processes.ts';
import { readStackState, type StackState } from '../../local/launcher/state.ts';
import { removeDataDir } from '../../local/postgres/dataDir.ts';
import { SERVERS, serverSetting } from '../support/servers.ts';
import { eventually, preload } from '../support/workers.ts';

/**
 * `npm start`, as a user runs it: every part in its own process, the four real codes, the real
 * command line. Its data is in a folder of the test, and the launcher avoids busy ports.
 */

const ROOT = join(import.meta.dirname, '..', '..');
const OPTIONS = ['--latency', '0', '--decisions', '50'];

interface Report {
  readonly newDocuments: number;
  readonly objects: number;
  readonly rows: number;
  readonly missing: number;
  readonly dangling: number;
  readonly uploadsPerObjectMax: number;
  readonly seconds: number;
}

let folder: string;
let data: string;
const launched: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'legisync-start-'));
  data = join(folder, '.local');
});

afterAll(async () => {
  for (const child of launched) child.kill('SIGKILL');
  await removeDataDir(join(data, 'postgres'));
  await rm(folder, { recursive: true, force: true });
});

describe('npm start', () => {
  it('collects real articles and reports the counts; then continues without Temporal’s database', async () => {
    const first = await collect('--reset');
    expect(first).toMatchObject({ missing: 0, dangling: 0, uploadsPerObjectMax: 1 });
    expect(first.newDocuments).toBeGreaterThanOrEqual(150);
    expect(first.objects).toBe(first.newDocuments);
    expect(first.rows).toBe(first.objects);

    // Temporal's database is lost. The remaining work is in Postgres, so the next start continues
    // from there.
    for (const suffix of ['', '-wal', '-shm']) await rm(join(data, `temporal.db${suffix}`), { force: true });
    const second = await collect();
    expect(second).toMatchObject({ missing: 0, dangling: 0, uploadsPerObjectMax: 1 });
    expect(second.objects).toBe(first.objects + second.newDocuments);
    expect(second.rows).toBe(second.objects);
  });

  it('is found by legisync in a second terminal, restarts a killed part, and leaves no process after Ctrl-C', async () => {
    const child = launch('--rate', '100');
    const state = await stackState((found) => Object.keys(found.env).length > 0);
    expect(state.parts.map(({ name }) => name)).toEqual([
      'postgres',
      'supabase',
      'legifrance',
      'temporal',
      'worker',
    ]);

    const status = await legisync('massive', 'status', '--json');
    expect(status).toMatchObject({ code: 0, answer: { collections: [{ collection: 'codes' }] } });

    const worker = state.parts.find(({ name }) => name === 'worker');
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    const restarted = await stackState(
      (found) => found.parts.filter(({ name }) => name === 'worker').length === 2,
    );

    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(0);
    for (const part of restarted.parts) expect(await isRunning(part)).toBe(false);
    expect(await readStackState(join(data, 'stack.json'))).toBeUndefined();
  });

  it('keeps every secret out of its logs and its output', async () => {
    const secrets = [
      (await readFile(join(data, 'jwt-secret'), 'utf8')).trim(),
      (await readFile(join(data, 'postgres.password'), 'utf8')).trim(),
    ];
    for (const part of ['supabase', 'legifrance', 'temporal', 'worker', 'legisync-migrate', 'legisync-up']) {
      const log = await readFile(join(data, 'logs', `${part}.log`), 'utf8');
      for (const secret of secrets) expect(log).not.toContain(secret);
      // A JWT of the service role, or the bearer token of a request.
      expect(log).not.toMatch(/eyJ[\w-]{10,}\.[\w-]+\.|Bearer [\w-]{8,}/);
    }
  });
});

function launch(...args: readonly string[]): ChildProcess {
  const child = spawn(
    process.execPath,
    [preload('endWithParent.ts'), join(ROOT, 'bin/start.js'), '--data', data, ...OPTIONS, ...args],
    {
      cwd: folder,
      // If this process ends, the launcher gets Ctrl-C, and stops what it has started.
      env: { ...process.env, TEMPORAL_CLI_PATH: serverSetting('temporalCli'), ORPHAN_SIGNAL: 'SIGINT' },
    },
  );
  launched.push(child);
  return child;
}

/**
 * Runs `npm start` until it has collected. It starts again if another test takes a port between the
 * launcher's choice and a part's own bind: nothing can reserve a port.
 */
async function collect(...args: readonly string[]): Promise<Report> {
  for (let triesLeft = 4; ; triesLeft -= 1) {
    const { code, out, err } = await runOnce(...args);
    if (code === 0) {
      const lines = out.trimEnd().split('\n');
      expect(lines).toHaveLength(1);
      return JSON.parse(lines[0] ?? '') as Report;
    }
    const isPortTaken = /EADDRINUSE|address already in use/i.test(err);
    if (!isPortTaken || triesLeft === 0) throw new Error(`npm start ended with ${String(code)}:\n${err}`);
  }
}

async function runOnce(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = launch('--documents', '150', '--exit', '--json', '--rate', '200', ...args);
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

async function stackState(wanted: (state: StackState) => boolean): Promise<StackState> {
  let found: StackState | undefined;
  await eventually(async () => {
    found = await readStackState(join(data, 'stack.json'));
    return found !== undefined && wanted(found);
  });
  if (found === undefined) throw new Error('there is no stack');
  return found;
}

/**
 * Runs legisync in the test's folder, without settings in the environment: it must find the stack
 * itself.
 */
async function legisync(...args: readonly string[]): Promise<{ code: number | null; answer: unknown }> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !name.startsWith('LEGISYNC') && !Object.values<string>(SERVERS).includes(name),
    ),
  );
  const child = spawn(process.execPath, [join(ROOT, 'bin/legisync.js'), ...args], { cwd: folder, env });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, answer: JSON.parse(out) as unknown };
}
