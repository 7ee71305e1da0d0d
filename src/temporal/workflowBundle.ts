import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { COMMANDS } from '../installation.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SOURCES = join(ROOT, 'src');

/** All that a workflow consists of, beside the SDK: `.dependency-cruiser.cjs` keeps it so. */
const FOLDERS = ['workflows', 'contract'];

/** `.ts` in a checkout; `.js` in the package, whose sources are compiled. */
const EXTENSION = extname(import.meta.filename);

/** The workflow code as one file, which workers load, and what is known of it. */
export const BUNDLE_FILES = {
  code: join(ROOT, 'dist', 'workflows.js'),
  manifest: join(ROOT, 'dist', 'workflows.json'),
} as const;

/** What `dist/workflows.json` says of the bundle. */
export interface BundleManifest {
  /** Hash of the sources that it was made of: see {@link hashOfSources}. */
  readonly sources: string;
  /**
   * Identifies the workflow code, wherever and whenever it was built: a hash of the bundle without
   * its source map, which holds paths, and of the SDK's version.
   */
  readonly buildId: string;
}

export interface WorkflowBundle {
  readonly codePath: string;
  readonly buildId: string;
}

/** The workflow bundle is missing, or was made of other sources. */
export class BundleOutdated extends Error {
  override readonly name = 'BundleOutdated';
  readonly next = COMMANDS.makeBundle;
}

/**
 * The prebuilt bundle. A worker that built its own would need 1.1 s and 120 MB for it.
 *
 * @throws BundleOutdated if it is missing, or does not belong to the sources
 */
export async function findWorkflowBundle(): Promise<WorkflowBundle> {
  const manifest = await readManifest();
  if (manifest === undefined)
    throw new BundleOutdated(`The workflow bundle ${BUNDLE_FILES.code} is missing.`);
  if (manifest.sources !== (await hashOfSources()))
    throw new BundleOutdated(
      `The workflow bundle ${BUNDLE_FILES.code} was made of other sources than ${SOURCES}.`,
    );
  return { codePath: BUNDLE_FILES.code, buildId: manifest.buildId };
}

/** Undefined if there is no bundle. */
export async function readManifest(): Promise<BundleManifest | undefined> {
  try {
    return JSON.parse(await readFile(BUNDLE_FILES.manifest, 'utf8')) as BundleManifest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Hash of the names and contents of the sources of the workflows, and of the SDK's version. */
export async function hashOfSources(): Promise<string> {
  const hash = createHash('sha256').update(sdkVersion());
  for (const folder of FOLDERS) {
    const names = (await readdir(join(SOURCES, folder), { recursive: true }))
      .filter((name) => name.endsWith(EXTENSION))
      .sort();
    for (const name of names)
      hash.update(`\0${folder}/${name}\0`).update(await readFile(join(SOURCES, folder, name)));
  }
  return hash.digest('hex');
}

/** The exact version of `@temporalio/workflow`. */
export function sdkVersion(): string {
  const require = createRequire(import.meta.url);
  return (require('@temporalio/workflow/package.json') as { readonly version: string }).version;
}
