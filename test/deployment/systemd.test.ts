import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WORKER_ALLOCATOR } from '../../local/stack/parts.ts';
import { EXIT } from '../../src/cli/exit.ts';
import { WORKER_STOPS_WITHIN } from './facts.ts';
import { withMistake } from './withMistake.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const UNIT = readFileSync(join(ROOT, 'deploy/systemd/legisync-worker.service'), 'utf8');
const PROGRAM = '/usr/local/bin/legisync-worker';

/** What systemd says of a unit; empty: it is valid. The program is one that every machine has. */
async function verify(unit: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'legisync-unit-'));
  const file = join(folder, 'legisync-worker.service');
  await writeFile(file, unit.replace(PROGRAM, '/bin/true'));
  try {
    return await new Promise((resolve, reject) => {
      execFile('systemd-analyze', ['verify', '--man=no', file], (error, stdout, stderr) => {
        if (error !== null && 'code' in error && error.code === 'ENOENT')
          reject(new Error('no systemd-analyze'));
        else resolve(`${stdout}${stderr}`);
      });
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  bin: Record<string, string>;
};
const settings = (name: string) =>
  [...UNIT.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value);

// Other systems have no systemd, and cannot run the unit either.
const onLinux = process.platform === 'linux' ? it : it.skip;

describe('deploy/systemd/legisync-worker.service', () => {
  onLinux('is valid for systemd', async () => {
    expect(await verify(UNIT)).toBe('');
  });

  onLinux.each<[string, string, string]>([
    ['a key in the wrong place', '[Service]\n', '[Service]\nWantedBy=multi-user.target\n'],
    ['a value that it does not know', 'Restart=always', 'Restart=sometimes'],
    ['a program that does not exist', PROGRAM, '/usr/local/bin/legisync-wrkr'],
  ])('with %s is refused by systemd', async (_mistake, from, to) => {
    const unit = withMistake(UNIT, from, to);
    expect(await verify(unit)).not.toBe('');
  });

  it('starts a program of the package, with the allocator of the local stack', () => {
    expect(settings('ExecStart')).toEqual([PROGRAM]);
    expect(Object.keys(bin)).toContain(PROGRAM.split('/').at(-1));
    expect(settings('Environment')).toEqual(
      expect.arrayContaining(Object.entries(WORKER_ALLOCATOR).map(([name, value]) => `${name}=${value}`)),
    );
  });

  it('gives the worker time to stop, and does not repeat a start with a wrong setting', () => {
    expect(Number(settings('TimeoutStopSec')[0])).toBeGreaterThan(WORKER_STOPS_WITHIN);
    expect(settings('RestartPreventExitStatus')).toEqual([String(EXIT.config)]);
  });
});
