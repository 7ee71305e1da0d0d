/**
 * `npm run build`: makes the package that is installed in production, in `dist/package`. It has
 * JavaScript, because Node strips no types from files below `node_modules`, the prebuilt workflow
 * bundle, and the migrations. The local stack is not part of it.
 */
import { execFile } from 'node:child_process';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { readManifest, type BundleManifest } from '../../src/temporal/workflowBundle.ts';
import { buildWorkflows } from './workflows.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PACKAGE = join(ROOT, 'dist', 'package');

/** Files of the checkout that the package has as they are. */
const COPIED = [
  'bin/node.js',
  'supabase/migrations',
  'dist/workflows.js',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
];

/** Files whose imports of `.ts` become imports of `.js`. */
const PROGRAMS = ['bin/legisync.js', 'bin/worker.js'];

/** The fields of package.json that an installation needs. */
const FIELDS = ['name', 'version', 'description', 'license', 'type', 'engines', 'bin', 'dependencies'];

await buildWorkflows();
await rm(PACKAGE, { recursive: true, force: true });
await compile();
for (const path of COPIED) await cp(join(ROOT, path), join(PACKAGE, path), { recursive: true });
for (const path of PROGRAMS) {
  const text = await readFile(join(ROOT, path), 'utf8');
  await writeFile(join(PACKAGE, path), text.replace(/\.ts'/g, ".js'"), { mode: 0o755 });
}
await writeJson('package.json', await packageManifest());
await writeJson('dist/workflows.json', await bundleManifest());
process.stderr.write('Built the package dist/package\n');

/** Compiles `src`. */
async function compile(): Promise<void> {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [compiler, '--project', join(ROOT, 'tsconfig.build.json')]);
}

async function packageManifest(): Promise<object> {
  const all = await readJson<Record<string, unknown>>('package.json');
  return Object.fromEntries(FIELDS.map((field) => [field, all[field]]));
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(join(ROOT, path), 'utf8')) as T;
}

/** The bundle of the package is that of the checkout. Its sources are the compiled ones. */
async function bundleManifest(): Promise<BundleManifest> {
  const compiled = pathToFileURL(join(PACKAGE, 'src/temporal/workflowBundle.js')).href;
  const { hashOfSources } = (await import(compiled)) as { hashOfSources: () => Promise<string> };
  const buildId = (await readManifest())?.buildId;
  if (buildId === undefined) throw new Error('There is no workflow bundle.');
  return { sources: await hashOfSources(), buildId };
}

async function writeJson(path: string, content: object): Promise<void> {
  await writeFile(join(PACKAGE, path), `${JSON.stringify(content, null, 2)}\n`);
}
