import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import {
  BUNDLE_FILES,
  hashOfSources,
  readManifest,
  sdkVersion,
  type BundleManifest,
} from '../../src/temporal/workflowBundle.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * Builds the bundle of the workflows, unless the one in `dist/` was made of the same sources.
 *
 * @returns whether it was built
 */
export async function buildWorkflows(): Promise<boolean> {
  const sources = await hashOfSources();
  if ((await readManifest())?.sources === sources) return false;
  const code = await bundle(ROOT);
  const manifest: BundleManifest = { sources, buildId: buildIdOf(code) };
  await mkdir(dirname(BUNDLE_FILES.code), { recursive: true });
  // The manifest comes last: without it, the bundle does not count.
  await replace(BUNDLE_FILES.code, code);
  await replace(BUNDLE_FILES.manifest, `${JSON.stringify(manifest, null, 2)}\n`);
  return true;
}

/** The bundle of the workflows of the checkout `root`, with the same code in every folder. */
export async function bundle(root: string): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(root, 'src/workflows/index.ts'),
    logger: new DefaultLogger('ERROR'),
    webpackConfigHook: (config) => ({
      ...config,
      // Modules are named relative to this folder.
      context: root,
      resolve: { ...config.resolve, symlinks: false },
    }),
  });
  return code;
}

/** See `BundleManifest`. 16 hexadecimal digits: enough to be unique, and short enough to compare. */
export function buildIdOf(code: string): string {
  const map = code.lastIndexOf('//# sourceMappingURL=');
  const text = map === -1 ? code : code.slice(0, map);
  return createHash('sha256').update(sdkVersion()).update(text).digest('hex').slice(0, 16);
}

/** Two builds at the same time write the same, so either may be the last. */
async function replace(path: string, content: string): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, content);
  await rename(temporary, path);
}
