import { execFileSync, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const FILES = [
  'package.json',
  'package-lock.json',
  'Dockerfile',
  'docker-compose.yml',
  'deploy/kubernetes/worker.yaml',
  'docs/deploy.md',
];

let root: string;
const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.org', ...args], {
    cwd: root,
    encoding: 'utf8',
  });
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

/** A repository with the files that name the version, and a changelog with these notes. */
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'legisync-release-'));
  for (const file of FILES) await cp(join(ROOT, file), join(root, file), { recursive: true });
  git('init', '--quiet');
  git('config', 'user.name', 'test');
  git('config', 'user.email', 'test@example.org');
});
afterEach(() => rm(root, { recursive: true }));

async function commit({ notes = '### Added\n\n- Something.\n', histories = true } = {}): Promise<void> {
  await writeFile(
    join(root, 'CHANGELOG.md'),
    `# Changelog\n\n## [9.1.0] - unreleased\n\n${notes}\n## [0.1.0] - 2026-01-01\n\n- First.\n`,
  );
  if (histories) {
    await mkdir(join(root, 'test/workflows/histories/9.1.0'), { recursive: true });
    await writeFile(join(root, 'test/workflows/histories/9.1.0/one.json.gz'), '');
  }
  git('add', '--all');
  git('commit', '--quiet', '--message', 'before');
}

function release(version: string) {
  return spawnSync(process.execPath, [join(ROOT, 'tools/release/main.ts'), version], {
    encoding: 'utf8',
    cwd: root,
  });
}

describe('npm run release', () => {
  it('writes the version and the day into every file, commits, and tags', async () => {
    await commit();
    const { status, stdout, stderr } = release('9.1.0');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Released 9\.1\.0: commit \w+, tag v9\.1\.0\.\nNext: git push/);
    for (const file of FILES) expect(await read(file)).toMatch(/9\.1\.0/);
    expect(await read('CHANGELOG.md')).toMatch(/^## \[9\.1\.0\] - \d{4}-\d\d-\d\d$/m);
    expect(JSON.parse(await read('package-lock.json'))).toMatchObject({
      version: '9.1.0',
      packages: { '': { version: '9.1.0' } },
    });
    expect(git('status', '--porcelain')).toBe('');
    expect(git('tag', '--points-at', 'HEAD').trim()).toBe('v9.1.0');
    expect(git('log', '-1', '--format=%s').trim()).toBe('Release 9.1.0');
  });

  it.each<[string, Parameters<typeof commit>[0], () => Promise<unknown> | string, string, string]>([
    [
      'a working tree with changes',
      {},
      () => writeFile(join(root, 'new.txt'), ''),
      '9.1.0',
      'the working tree has changes',
    ],
    [
      'a heading without text',
      { notes: '### Added\n' },
      () => '',
      '9.1.0',
      'CHANGELOG.md says nothing under',
    ],
    [
      'a version without a heading',
      {},
      () => '',
      '9.2.0',
      'CHANGELOG.md has no heading "## [9.2.0] - unreleased"',
    ],
    [
      'a version without histories',
      { histories: false },
      () => '',
      '9.1.0',
      'there are no histories of 9.1.0',
    ],
    ['an older version', {}, () => '', '0.0.9', '0.0.9 is older than'],
    ['a version that is tagged', {}, () => git('tag', 'v9.1.0'), '9.1.0', 'the tag v9.1.0 exists'],
    ['something else than a version', {}, () => '', 'next', '"next" is no version'],
  ])('refuses %s, and changes nothing', async (_what, before, then, version, reason) => {
    await commit(before);
    await then();
    const head = git('rev-parse', 'HEAD');
    const { status, stderr } = release(version);
    expect(status).toBe(1);
    expect(stderr).toContain(`Not released: ${reason}`);
    expect(git('rev-parse', 'HEAD')).toBe(head);
    expect(await read('package.json')).toBe(await readFile(join(ROOT, 'package.json'), 'utf8'));
  });
});
