import { cp, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowBundle } from '../../src/temporal/workflowBundle.ts';
import { buildIdOf, bundle } from '../../tools/build/workflows.ts';

const ROOT = join(import.meta.dirname, '../..');

/** A change of workflow code: in a file of `src/workflows`, `from` becomes `to`. */
export interface Change {
  readonly file: string;
  /** Occurs once. */
  readonly from: string;
  readonly to: string;
}

/** The bundle of the workflows with a change. */
export async function bundleWith({ file, from, to }: Change): Promise<WorkflowBundle> {
  const folder = await mkdtemp(join(tmpdir(), 'changed-'));
  await cp(join(ROOT, 'src'), join(folder, 'src'), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const path = join(folder, 'src/workflows', file);
  const [before = '', after, ...more] = (await readFile(path, 'utf8')).split(from);
  if (after === undefined || more.length > 0) throw new Error(`${file} does not have ${from} once.`);
  await writeFile(path, `${before}${to}${after}`);
  const code = await bundle(folder);
  const codePath = join(folder, 'workflows.js');
  await writeFile(codePath, code);
  return { codePath, buildId: buildIdOf(code) };
}
