import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '../..');
const PAGES = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT });

/** The anchors of a page, made from its headings as forges make them. */
function anchorsOf(page: string): Set<string> {
  const headings = readFileSync(join(ROOT, page), 'utf8')
    .replaceAll(/^```.*?^```$/gms, '')
    .matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

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

  it('link only to headings that are there', () => {
    const broken = PAGES.flatMap((page) => {
      const links = readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g);
      return [...links]
        .filter(([, target = '', anchor = '']) => {
          const path = target === '' ? page : join(dirname(page), target);
          return !anchorsOf(path).has(anchor);
        })
        .map(([link]) => `${page}: ${link}`);
    });
    expect(broken).toEqual([]);
  });

  it('are all reached from the README', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const unreached = globSync('docs/*', { cwd: ROOT }).filter((path) => !readme.includes(path));
    expect(unreached).toEqual([]);
  });
});
