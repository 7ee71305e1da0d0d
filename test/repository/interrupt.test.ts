import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning, type ProcessId } from '../../local/launcher/processes.ts';
import { eventually } from '../support/workers.ts';

const ROOT = join(import.meta.dirname, '../..');
const ARGUMENTS = ['node_modules/jest/bin/jest.js', '--config', 'test/repository/interrupted/jest.config.js'];

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'legisync-interrupted-'));
});
afterEach(() => rm(folder, { recursive: true }));

/**
 * The processes that the test files have written down: each file's own, and the one that it
 * started.
 */
async function written(): Promise<ProcessId[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text) => JSON.parse(text) as ProcessId[]);
}

const anyRuns = async (processes: readonly ProcessId[]): Promise<boolean> =>
  (await Promise.all(processes.map(isRunning))).includes(true);

describe('a test run that is interrupted', () => {
  // A terminal sends Ctrl-C to every process. Here jest alone gets it, so the others must notice
  // its end.
  it.each(['SIGINT', 'SIGKILL'] as const)(
    'by %s leaves no process',
    async (signal) => {
      const env = { ...process.env, INTERRUPTED_FOLDER: folder };
      const jest = spawn(process.execPath, ARGUMENTS, { cwd: ROOT, env, stdio: 'ignore' });
      try {
        const ended = once(jest, 'exit');
        await eventually(async () => (await written()).length === 4);
        const processes = await written();
        expect(await anyRuns(processes)).toBe(true);
        jest.kill(signal);
        await ended;
        await eventually(async () => !(await anyRuns(processes)));
      } finally {
        jest.kill('SIGKILL');
      }
    },
    300_000,
  );
});
