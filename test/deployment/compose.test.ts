import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeProblems } from './composeProblems.ts';
import { withMistake } from './withMistake.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const COMPOSE = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');

/** The output of dclint, which also knows the schema of the compose specification; empty: no problem. */
async function lint(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'legisync-compose-'));
  const file = join(folder, 'docker-compose.yml');
  await writeFile(file, text);
  const program = join(ROOT, 'node_modules/dclint/bin/dclint.cjs');
  const args = [program, file, '--max-warnings', '0', '--config', join(ROOT, '.dclintrc.yaml'), '--no-color'];
  try {
    return await new Promise((resolve) => {
      execFile(process.execPath, args, { cwd: ROOT }, (error, stdout, stderr) =>
        resolve(error === null ? '' : `${stdout}${stderr}`),
      );
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('docker-compose.yml', () => {
  it('is clean for dclint, and valid by the schema of the compose specification', async () => {
    expect(await lint(COMPOSE)).toBe('');
  });

  it('names only what exists: paths, programs, variables, ports, health checks', () => {
    expect(composeProblems(COMPOSE)).toEqual([]);
  });

  it.each<[string, string | RegExp, string]>([
    ['a key that the specification does not know', 'restart: unless-stopped', 'restarts: always'],
    ['a value of another type', 'retries: 12', 'retries: [12]'],
  ])('with %s is refused by dclint', async (_mistake, from, to) => {
    expect(await lint(withMistake(COMPOSE, from, to))).not.toBe('');
  });

  it.each<[string, string | RegExp, string, string]>([
    [
      'a wrong path',
      './deploy/temporal/schema.sh:',
      './deploy/temporal/setup.sh:',
      'temporal-schema: ./deploy/temporal/setup.sh does not exist',
    ],
    [
      'a volume that is not declared',
      '- temporal-db:/',
      '- temporal-data:/',
      'temporal-db: temporal-data does not exist',
    ],
    [
      'an unknown variable',
      '${TEMPORAL_PORT:-',
      '${TEMPORAL_GRPC_PORT:-',
      'TEMPORAL_GRPC_PORT is not in .env.example',
    ],
    [
      'an unknown setting',
      'LEGISYNC_LANES:',
      'LEGISYNC_LANE_COUNT:',
      'LEGISYNC_LANE_COUNT is not in .env.example',
    ],
    ['a setting left out', /\n {2}LEGISYNC_LANES:/, '', 'no part gets LEGISYNC_LANES'],
    [
      'another default than .env.example',
      'TEMPORAL_UI_VERSION:-2',
      'TEMPORAL_UI_VERSION:-3',
      'the default of TEMPORAL_UI_VERSION is 3.49.1, not that of .env.example',
    ],
    ['a wrong port', '-8233}:8080', '-8233}:8088', 'temporal-ui: the container does not listen on 8088'],
    ['a port open to all', "'127.0.0.1:${TEMPORAL_PORT", "'${TEMPORAL_PORT", 'is open to other machines'],
    [
      'a wrong address',
      'TEMPORAL_ADDRESS: temporal:7233',
      'TEMPORAL_ADDRESS: temporal:7234',
      'temporal-namespace: no service temporal listens on 7234',
    ],
    [
      'a wrong default address',
      '-temporal:7233}',
      '-temporal-server:7233}',
      'worker: no service temporal-server listens on 7233',
    ],
    [
      'a wrong port in a health check',
      '127.0.0.1:54330',
      '127.0.0.1:54331',
      'its health check asks port 54331',
    ],
    [
      'a program that the image does not have',
      "['legisync', 'migrate']",
      "['legisynk', 'migrate']",
      'migrate: the image has no program legisynk',
    ],
    [
      'a stage that the Dockerfile does not have',
      'target: simulator',
      'target: simulation',
      'has no stage simulation',
    ],
    ['another version', 'image: legisync:', 'image: legisync:9', 'is not of version'],
    [
      'a script that is not mounted',
      "'/etc/legisync/namespace.sh']",
      "'/etc/legisync/name-space.sh']",
      'temporal-namespace: /etc/legisync/name-space.sh is not mounted',
    ],
    [
      'a variable that a script does not get',
      'RETENTION:',
      'KEEP:',
      'reads RETENTION, which it does not get',
    ],
    [
      'a dependency that does not exist',
      '      temporal-schema:\n',
      '      temporal-setup:\n',
      'waits for temporal-setup',
    ],
    [
      'a wait without an end',
      'restart: on-failure:20',
      'restart: always',
      'worker: it waits until migrate has ended',
    ],
    [
      'a dependency of another profile',
      'required: false',
      'required: true',
      'it cannot start without temporal-namespace',
    ],
    [
      'a secret for a part that needs none',
      '  TEMPORAL_API_KEY:\n',
      '  TEMPORAL_API_KEY:\n  SUPABASE_DB_URL:\n',
      'worker needs no SUPABASE_DB_URL',
    ],
    [
      'too little time to stop',
      'stop_grace_period: 45s',
      'stop_grace_period: 30s',
      'worker: it is killed after 30s',
    ],
  ])('with %s has that problem', (_mistake, from, to, problem) => {
    expect(composeProblems(withMistake(COMPOSE, from, to))).toContainEqual(expect.stringContaining(problem));
  });
});
