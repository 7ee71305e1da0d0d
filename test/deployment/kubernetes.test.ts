import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kubernetesProblems } from './kubernetesProblems.ts';
import { withMistake } from './withMistake.ts';

const FILE = readFileSync(join(import.meta.dirname, '../../deploy/kubernetes/worker.yaml'), 'utf8');

/** What the schema of Kubernetes says. */
function schemaProblems(input: string): string {
  const program = join(import.meta.dirname, '../../tools/kubernetes/main.ts');
  const { stdout, stderr } = spawnSync(process.execPath, [program], { input, encoding: 'utf8' });
  return `${stdout}${stderr}`;
}

describe('deploy/kubernetes/worker.yaml', () => {
  it('is valid by the schema of Kubernetes', () => {
    expect(schemaProblems(FILE)).toBe('');
  });

  it('names only what exists: settings, paths, ports, the image', () => {
    expect(kubernetesProblems(FILE)).toEqual([]);
  });

  it.each<[string, string, string, string]>([
    ['a value of another type', 'replicas: 1', "replicas: 'one'", 'integer'],
    ['a field left out', '  selector:', '  unselector:', 'must have required property selector'],
  ])('with %s is not valid', (_mistake, from, to, problem) => {
    expect(schemaProblems(withMistake(FILE, from, to))).toContain(problem);
  });

  it.each<[string, string, string, string]>([
    ['an unknown setting', 'LEGISYNC_SHUTDOWN_GRACE_SECONDS', 'LEGISYNC_SHUTDOWN_GRACE', 'is not a setting'],
    [
      'a wrong value',
      "LEGISYNC_SHUTDOWN_GRACE_SECONDS: '30'",
      "LEGISYNC_SHUTDOWN_GRACE_SECONDS: '0'",
      'LEGISYNC_SHUTDOWN_GRACE_SECONDS must',
    ],
    ['a wrong path of a probe', 'path: /ready', 'path: /readyz', 'the worker does not answer /readyz'],
    [
      'a wrong port',
      'containerPort: 9465',
      'containerPort: 9464',
      'the port is not that of LEGISYNC_HEALTH_ADDRESS',
    ],
    [
      'an unknown port of a probe',
      'port: health\n            periodSeconds: 2',
      'port: http\n            periodSeconds: 2',
      'there is no port http',
    ],
    ['another version', 'image: legisync:', 'image: legisync:9', 'the image is not of version'],
    [
      'too little time to stop',
      'terminationGracePeriodSeconds: 45',
      'terminationGracePeriodSeconds: 30',
      'is killed after 30 s',
    ],
  ])('with %s has that problem', (_mistake, from, to, problem) => {
    expect(kubernetesProblems(withMistake(FILE, from, to))).toContainEqual(expect.stringContaining(problem));
  });
});
