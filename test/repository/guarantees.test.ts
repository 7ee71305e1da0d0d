import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { testTitles } from './titles.ts';

const ROOT = join(__dirname, '../..');

interface Proof {
  readonly file: string;
  readonly title: string;
}

/** The numbered sections of docs/guarantees.md, with the tests that each names. */
function promises(): Map<string, Proof[]> {
  const page = readFileSync(join(ROOT, 'docs/guarantees.md'), 'utf8');
  const sections = page
    .split(/^## /m)
    .slice(1)
    .filter((section) => /^\d/.test(section));
  return new Map(
    sections.map((section) => [
      section.slice(0, section.indexOf('\n')),
      [...section.matchAll(/^- `(test\/[^`]+)`: (.+)$/gm)].map(([, file = '', title = '']) => ({
        file,
        title,
      })),
    ]),
  );
}

describe('docs/guarantees.md', () => {
  it('has a section for each invariant of this release', () => {
    const numbers = [...promises().keys()].map((heading) => Number.parseInt(heading, 10));
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
  });

  it('names at least one test for each promise', () => {
    const unproven = [...promises()].filter(([, proofs]) => proofs.length === 0).map(([heading]) => heading);
    expect(unproven).toEqual([]);
  });

  it('names only tests that exist', () => {
    const missing = [...promises().values()].flat().filter(({ file, title }) => {
      const path = join(ROOT, file);
      return !existsSync(path) || !testTitles(path).has(title);
    });
    expect(missing).toEqual([]);
  });
});
