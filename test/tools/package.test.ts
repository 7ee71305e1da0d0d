import { execFile, type ExecFileException } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '..', '..');
const PACKAGE = join(ROOT, 'dist', 'package');
const run = promisify(execFile);

/** What a program of the package prints, and how it ends. */
async function packaged(
  program: string,
  { args = [], env = {} }: { args?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
): Promise<{ code: number; text: string }> {
  return run(process.execPath, [join(PACKAGE, program), ...args], { cwd: tmpdir(), env }).then(
    ({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
    (error: unknown) => {
      const { code, stdout = '', stderr = '' } = error as ExecFileException;
      return { code: Number(code), text: stdout + stderr };
    },
  );
}

describe('the package', () => {
  beforeAll(() => run(process.execPath, [join(ROOT, 'tools/build/package.ts')]));

  it('has JavaScript only, which imports no TypeScript', async () => {
    const names = await readdir(PACKAGE, { recursive: true });
    expect(names.filter((name) => name.endsWith('.ts'))).toEqual([]);
    for (const name of names.filter((one) => /^(bin|src).*\.js$/.test(one))) {
      expect(await readFile(join(PACKAGE, name), 'utf8')).not.toMatch(/(from|import\() ?'\.[^']*\.ts'/);
    }
  });

  it('needs no development package', async () => {
    const read = async (path: string) =>
      JSON.parse(await readFile(path, 'utf8')) as Readonly<Record<string, object | undefined>>;
    const [ours, all] = [await read(join(PACKAGE, 'package.json')), await read(join(ROOT, 'package.json'))];
    expect(ours['dependencies']).toEqual(all['dependencies']);
    expect(ours['devDependencies']).toBeUndefined();
    expect(ours['scripts']).toBeUndefined();
  });

  it('runs the command line, and the worker up to its settings', async () => {
    expect(await packaged('bin/legisync.js', { args: ['--version'] })).toEqual({ code: 0, text: '0.1.0\n' });
    const worker = await packaged('bin/worker.js');
    expect(worker.code).toBe(3);
    expect(worker.text).toContain('PISTE_CLIENT_ID is not set');
  });

  it('has a bundle that its worker accepts, and says so if it is missing', async () => {
    const env = {
      PISTE_CLIENT_ID: 'id',
      PISTE_CLIENT_SECRET: 'secret',
      SUPABASE_URL: 'http://127.0.0.1:1',
      SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_x',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    };
    const worker = async () => (await packaged('bin/worker.js', { env })).text;
    const unreachable = await worker();
    expect(unreachable).toContain('127.0.0.1:1');
    // Commands that only a checkout has are not named.
    expect(unreachable).toContain('Next: set TEMPORAL_ADDRESS');
    await rm(join(PACKAGE, 'dist/workflows.json'));
    expect(await worker()).toMatch(/The workflow bundle .* is missing[^]*Next: install the package again/);
  });
});
