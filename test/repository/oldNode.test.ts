import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../../src/cli/exit.ts';

const ROOT = join(__dirname, '../..');
const { bin, engines, scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  bin: { legisync: string };
  engines: { node: string };
  scripts: Record<'start' | 'worker' | 'legisync', string>;
};
const OLDEST = engines.node.replace('>=', '');

/** What package.json starts, each with the file that it gives to Node. */
const PROGRAMS: [string, string][] = [
  ['npx legisync', bin.legisync],
  ...(['start', 'worker', 'legisync'] as const).map((name): [string, string] => [
    `npm run ${name}`,
    scripts[name].replace(/^.*node (--\S+ )*/, ''),
  ]),
];

/** Runs a program with `--help` on this Node, which says that it is another version. */
function runAs(version: string, program: string, ...flags: readonly string[]) {
  const pretend = `Object.defineProperty(process, 'version', { value: 'v${version}' })`;
  const args = [...flags, `--import=data:text/javascript,${encodeURIComponent(pretend)}`, program, '--help'];
  return spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
}

/** The same on a Node that cannot load TypeScript, like an old one. */
const runOnOldNode = (version: string, program: string) =>
  runAs(version, program, '--no-experimental-strip-types');

describe('on an old Node', () => {
  it.each(PROGRAMS)('%s says which Node it needs, and what to do', (_, program) => {
    const { status, stdout, stderr } = runOnOldNode('20.20.2', program);
    expect(stderr).toBe(
      `legisync needs Node ${OLDEST} or newer, but ${process.execPath} is Node 20.20.2.\n` +
        'Next: install a newer Node, or run `npm ci` without --omit=dev, ' +
        'which brings one for `npm run worker`, `npx legisync` and `npm start`.\n',
    );
    expect(stdout).toBe('');
    expect(status).toBe(EXIT.config);
  });

  it.each(['9.99.0', '18.20.8', '22.9.0', '22.18.0'])('nothing starts, as on %s', (version) => {
    expect(runOnOldNode(version, bin.legisync).status).toBe(EXIT.config);
  });

  it.each([`${OLDEST}.0`, '22.100.0', '24.0.0', '100.0.0-nightly'])('but it does on %s', (version) => {
    const { status, stdout } = runAs(version, bin.legisync);
    expect(stdout).toContain('Usage: legisync');
    expect(status).toBe(EXIT.ok);
  });
});
