import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../src/config/load.ts';
import { settingsSchema } from '../../src/config/schema.ts';
import { WORKER_STOPS_WITHIN } from './facts.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

/** Paths of src/health/server.ts. */
const HEALTH_PATHS = ['/live', '/ready'];

const Probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) });
const Settings = z.object({ data: z.record(z.string(), z.string()) });
const Workload = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        terminationGracePeriodSeconds: z.number(),
        containers: z.tuple([
          z.object({
            image: z.string(),
            ports: z.tuple([z.object({ name: z.string(), containerPort: z.number() })]),
            startupProbe: Probe,
            livenessProbe: Probe,
            readinessProbe: Probe,
          }),
        ]),
      }),
    }),
  }),
});

/** What a file of a ConfigMap and a Deployment names that does not exist here. Its schema is not checked. */
export function kubernetesProblems(text: string): string[] {
  const [settings, workload] = parseAllDocuments(text).map((document) => document.toJS() as unknown);
  const pod = Workload.parse(workload).spec.template.spec;
  const [container] = pod.containers;
  const [{ name: portName, containerPort }] = container.ports;
  const { data } = Settings.parse(settings);
  const port = Number(data['LEGISYNC_HEALTH_ADDRESS']?.split(':').at(-1));
  const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
  const grace = pod.terminationGracePeriodSeconds;
  return [
    ...Object.keys(data)
      .filter((name) => !name.startsWith('TEMPORAL_') && !(name in settingsSchema.shape))
      .map((name) => `${name} is not a setting`),
    ...settingMistakes(data),
    ...(container.image === `legisync:${version}` ? [] : [`the image is not of version ${version}`]),
    ...(containerPort === port ? [] : ['the port is not that of LEGISYNC_HEALTH_ADDRESS']),
    ...probes
      .filter((probe) => !HEALTH_PATHS.includes(probe.httpGet.path))
      .map((probe) => `the worker does not answer ${probe.httpGet.path}`),
    ...probes
      .filter((probe) => probe.httpGet.port !== portName)
      .map((probe) => `there is no port ${probe.httpGet.port}`),
    ...(grace > WORKER_STOPS_WITHIN
      ? []
      : [`the pod is killed after ${grace} s, but may need ${WORKER_STOPS_WITHIN} s`]),
  ];
}

function settingMistakes(data: Readonly<Record<string, string>>): string[] {
  try {
    loadConfig({ env: data, cwd: '/nowhere' });
    return [];
  } catch (error) {
    // Those of the secret are not in this file.
    const text = error instanceof Error ? error.message : String(error);
    return text.split('\n').filter((line) => Object.keys(data).some((name) => line.includes(`${name} must`)));
  }
}
