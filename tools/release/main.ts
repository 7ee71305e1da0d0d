/**
 * Makes a release: writes the version and the day into all files that name them, commits, and tags.
 * Nothing is pushed. It refuses a working tree with changes, and a heading of the changelog without text.
 *
 *   npm run release -- 0.2.0
 */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeRelease } from './files.ts';
import { refusals } from './refusals.ts';

// npm runs scripts in the folder of package.json.
const root = process.cwd();
const version = process.argv[2] ?? '';
const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' });
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

const { version: current } = JSON.parse(await read('package.json')) as { readonly version: string };
const problems = refusals({
  version,
  root,
  current,
  changelog: await read('CHANGELOG.md'),
  status: git('status', '--porcelain'),
  tags: git('tag', '--list').split('\n'),
});
if (problems.length > 0) {
  process.stderr.write(problems.map((problem) => `Not released: ${problem}\n`).join(''));
  process.exitCode = 1;
} else {
  await writeRelease(root, { version, current, day: new Date().toISOString().slice(0, 10) });
  git('commit', '--quiet', '--all', '--message', `Release ${version}`);
  git('tag', '--annotate', `v${version}`, '--message', `Release ${version}`);
  process.stdout.write(
    `Released ${version}: commit ${git('rev-parse', '--short', 'HEAD').trim()}, tag v${version}.\n` +
      `Next: git push --follow-tags, then docker build --tag legisync:${version} .\n`,
  );
}
