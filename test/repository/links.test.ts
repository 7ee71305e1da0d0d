import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '../..');
const PAGES = ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: ROOT })];

describe('the documents', () => {
  it('link only to files that are there', () => {
    const broken = PAGES.flatMap((page) => {
      const links = readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g);
      return [...links]
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(join(ROOT, dirname(page), target)))
        .map((target) => `${page}: ${target}`);
    });
    expect(broken).toEqual([]);
  });

  it('are all reached from the README', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const unreached = globSync('docs/*', { cwd: ROOT }).filter((path) => !readme.includes(path));
    expect(unreached).toEqual([]);
  });
});
