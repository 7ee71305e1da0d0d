import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildWorkflows } from '../../tools/build/workflows.ts';
import { BUNDLE_FILES, readManifest, type BundleManifest } from '../../src/temporal/workflowBundle.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * What is bundled, and what bundles it. These are copied, because webpack replaces a link by what it
 * points to.
 */
const COPIED = ['long', 'ms', 'nexus-rpc', 'source-map-loader', 'swc-loader'];
const run = promisify(execFile);

let other: string;

beforeAll(async () => {
  await buildWorkflows();
  other = await mkdtemp(join(tmpdir(), 'legisync-elsewhere-'));
  for (const name of ['bin', 'src', 'tools', 'package.json'])
    await cp(join(ROOT, name), join(other, name), { recursive: true });
  await mkdir(join(other, 'node_modules', '@temporalio'), { recursive: true });
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    if (name !== '@temporalio') await provide(name, COPIED.includes(name));
  }
  for (const name of await readdir(join(ROOT, 'node_modules', '@temporalio'))) {
    // Its binaries take 147 MB.
    await provide(join('@temporalio', name), name !== 'core-bridge');
  }
});
afterAll(() => rm(other, { recursive: true }));

async function provide(name: string, copied: boolean): Promise<void> {
  const [from, to] = [join(ROOT, 'node_modules', name), join(other, 'node_modules', name)];
  await (copied ? cp(from, to, { recursive: true }) : symlink(from, to));
}

/** What a program of the other checkout writes to standard error, and how it ends. */
async function runThere(program: string): Promise<{ readonly code: number; readonly stderr: string }> {
  const env = {
    PISTE_CLIENT_ID: 'id',
    PISTE_CLIENT_SECRET: 'secret',
    SUPABASE_URL: 'http://127.0.0.1:1',
    SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_x',
  };
  return run(process.execPath, [join(other, program)], { cwd: tmpdir(), env }).then(
    ({ stderr }) => ({ code: 0, stderr }),
    (error: unknown) => error as { readonly code: number; readonly stderr: string },
  );
}

it('makes a worker refuse to start with a missing bundle or one of other sources, and has the same build id everywhere', async () => {
  expect(await runThere('bin/worker.js')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /The workflow bundle .*dist\/workflows\.js is missing\.\nNext: npm run build:workflows\n$/,
    ) as string,
  });

  expect(await runThere('tools/build/main.ts')).toMatchObject({ code: 0 });
  const there = JSON.parse(await readFile(join(other, 'dist/workflows.json'), 'utf8')) as BundleManifest;
  expect(there).toEqual(await readManifest());
  expect(await readFile(join(other, 'dist/workflows.js'), 'utf8')).not.toBe(
    await readFile(BUNDLE_FILES.code, 'utf8'),
  );

  await appendFile(join(other, 'src/workflows/index.ts'), 'export const changed = true;\n');
  expect(await runThere('bin/worker.js')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('was made of other sources') as string,
  });
  await runThere('tools/build/main.ts');
  const changed = JSON.parse(await readFile(join(other, 'dist/workflows.json'), 'utf8')) as BundleManifest;
  expect(changed.buildId).not.toBe(there.buildId);
});
