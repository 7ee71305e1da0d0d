import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
/** They have configurations of their own: see jest.chaos.config.js, for example. */
const OTHER_SUITES = /^test\/(chaos|scale|trial)\//;

/** The test files that jest finds. */
function listed(): string[] {
  const output = execFileSync(process.execPath, ['node_modules/jest/bin/jest.js', '--listTests', '--json'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return (JSON.parse(output) as string[]).map((path) => path.slice(ROOT.length + 1));
}

describe('jest.config.js', () => {
  it('has each test file in exactly one tier', () => {
    const all = globSync('test/**/*.test.ts', { cwd: ROOT }).filter((path) => !OTHER_SUITES.test(path));
    expect(listed().sort()).toEqual(all.sort());
  });
});
