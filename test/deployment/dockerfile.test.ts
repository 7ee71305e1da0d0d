import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WORKER_ALLOCATOR } from '../../local/stack/parts.ts';
import { defaultOf } from './facts.ts';
import { withMistake } from './withMistake.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const { version, description, license, bin } = JSON.parse(read('package.json')) as {
  version: string;
  description: string;
  license: string;
  bin: Record<string, string>;
};

/** What is wrong in a Dockerfile, beside the files that it copies and the package that it installs. */
function problemsOf(dockerfile: string): string[] {
  // A backslash continues a line.
  const lines = dockerfile.replace(/\\\n\s*/g, '').split('\n');
  const allowed = read('.dockerignore')
    .split('\n')
    .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
  const copied = lines
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(' ').slice(1, -1));
  const label = (name: string) => new RegExp(`image\\.${name}="([^"]*)"`).exec(dockerfile)?.[1];
  const variables = Object.fromEntries(
    lines
      .filter((line) => line.startsWith('ENV '))
      .flatMap((line) =>
        [...line.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
      ),
  );
  const programs = [...dockerfile.matchAll(/\/opt\/legisync\/(bin\/\S+) \/usr\/local\/bin\/(\S+)/g)];
  const wanted: Readonly<Record<string, string>> = {
    ...WORKER_ALLOCATOR,
    LEGISYNC_HEALTH_ADDRESS: defaultOf('LEGISYNC_HEALTH_ADDRESS'),
  };
  return [
    ...copied.filter((path) => !existsSync(join(ROOT, path))).map((path) => `${path} does not exist`),
    ...copied.filter((path) => !allowed.includes(path)).map((path) => `.dockerignore leaves ${path} out`),
    ...(label('version') === version ? [] : ['the label version is not that of package.json']),
    ...(description.startsWith(label('description')?.slice(0, -1) ?? '?') ? [] : ['the description differs']),
    ...(label('licenses') === license ? [] : ['the licence differs']),
    ...Object.entries(wanted)
      .filter(([name, value]) => variables[name] !== value)
      .map(([name, value]) => `${name} must be ${value}`),
    ...Object.entries(bin)
      .filter(([name, path]) => !programs.some(([, file, program]) => file === path && program === name))
      .map(([name]) => `the program ${name} is missing`),
    ...(lines.findLast((line) => line.startsWith('USER ')) === 'USER node' ? [] : ['it runs as root']),
    ...(/^FROM \S+\/node:(\d+)-/m.exec(dockerfile)?.[1] === read('.nvmrc').trim().split('.')[0]
      ? []
      : ['another Node']),
  ];
}

const DOCKERFILE = read('Dockerfile');

describe('the Dockerfile', () => {
  it('copies only what exists and is sent to the builder, and sets what the package has', () => {
    expect(problemsOf(DOCKERFILE)).toEqual([]);
  });

  it.each<[string, string, string, string]>([
    ['a path that does not exist', 'COPY src src', 'COPY sources src', 'sources does not exist'],
    ['a path that is not sent', 'COPY src src', 'COPY docs docs', '.dockerignore leaves docs out'],
    ['another version', 'version="', 'version="9', 'the label version is not that of package.json'],
    ['other memory settings', 'MALLOC_ARENA_MAX=2', 'MALLOC_ARENA_MAX=8', 'MALLOC_ARENA_MAX must be 2'],
    [
      'another health address',
      'ADDRESS=127.0.0.1:9465',
      'ADDRESS=127.0.0.1:9466',
      'LEGISYNC_HEALTH_ADDRESS must be 127.0.0.1:9465',
    ],
    [
      'a program left out',
      'ln -s /opt/legisync/bin/worker.js',
      'ln -s /opt/legisync/bin/work.js',
      'the program legisync-worker is missing',
    ],
    ['root as its user', 'USER node\nWORKDIR', 'USER root\nWORKDIR', 'it runs as root'],
  ])('with %s has that problem', (_mistake, from, to, problem) => {
    const text = withMistake(DOCKERFILE, from, to);
    expect(problemsOf(text)).toContain(problem);
  });
});
