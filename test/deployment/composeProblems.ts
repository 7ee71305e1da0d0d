import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMPOSE_SETTINGS } from '../../src/config/compose.ts';
import { settingsSchema } from '../../src/config/schema.ts';
import { WORKER_STOPS_WITHIN } from './facts.ts';
import { readCompose, type ComposeFile, type ComposeService } from '../../tools/compose/file.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The image sets it: its health check reads it. */
const SET_BY_IMAGE = ['LEGISYNC_HEALTH_ADDRESS'];

/** Ports that the images of others listen on. The ports of ours are in this repository. */
const LISTENS: Readonly<Record<string, readonly number[]>> = {
  'temporalio/server': [7233],
  'temporalio/temporal': [7233, 8233],
  'temporalio/ui': [8080],
  postgres: [5432],
};

/** What is wrong in a compose file beyond its schema: one sentence for each mistake. */
export function composeProblems(text: string): string[] {
  const file = readCompose(text);
  return [
    ...variableProblems(file),
    ...settingProblems(file),
    ...Object.entries(file.services).flatMap(([name, service]) =>
      [
        ...pathProblems(file, service),
        ...programProblems(service),
        ...portProblems(service),
        ...addressProblems(file, service),
        ...orderProblems(file, service),
        ...scriptProblems(service),
      ].map((problem) => `${name}: ${problem}`),
    ),
  ];
}

/** Every variable is documented, with the same default. */
function variableProblems({ variables, services }: ComposeFile): string[] {
  const example = read('.env.example');
  const passed = Object.values(services).flatMap(({ environment }) =>
    Object.entries(environment).flatMap(([name, value]) => (value === null ? [name] : [])),
  );
  const names = new Set([...variables.map(({ name }) => name), ...passed]);
  const unknown = [...names].filter(
    (name) => !new RegExp(`^#?${name}=`, 'm').test(example) && !example.includes(name),
  );
  const presets = new Map(COMPOSE_SETTINGS.map(({ name, example: value }) => [name, value]));
  return [
    ...unknown.map((name) => `${name} is not in .env.example`),
    ...variables
      .filter(({ name, preset }) => presets.has(name) && presets.get(name) !== preset)
      .map(({ name, preset }) => `the default of ${name} is ${String(preset)}, not that of .env.example`),
    ...COMPOSE_SETTINGS.filter(({ name }) => name !== 'COMPOSE_PROFILES' && !names.has(name)).map(
      ({ name }) => `${name} of .env.example is used nowhere`,
    ),
  ];
}

/** Every setting reaches the parts that read it, and a secret no other one. */
function settingProblems({ services }: ComposeFile): string[] {
  const given = (service: string) => Object.keys(services[service]?.environment ?? {});
  const database = given('migrate');
  const missing = Object.keys(settingsSchema.shape).filter(
    (name) => ![...given('worker'), ...database, ...SET_BY_IMAGE].includes(name),
  );
  const allowed: Readonly<Record<string, readonly string[]>> = {
    PISTE_CLIENT_SECRET: ['worker'],
    SUPABASE_SERVICE_ROLE_KEY: ['worker', 'cli'],
    SUPABASE_DB_URL: ['migrate', 'cli'],
    TEMPORAL_API_KEY: ['worker', 'cli'],
    TEMPORAL_TLS_CLIENT_KEY_DATA: ['worker', 'cli'],
  };
  return [
    ...missing.map((name) => `no part gets ${name}`),
    ...Object.keys(services).flatMap((service) =>
      given(service)
        .filter((name) => allowed[name]?.includes(service) === false)
        .map((name) => `${service} needs no ${name}`),
    ),
  ];
}

function pathProblems({ volumes }: ComposeFile, service: ComposeService): string[] {
  const sources = service.volumes.map((volume) => volume.split(':', 1)[0] ?? '');
  const stages = [...read('Dockerfile').matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, stage]) => stage);
  const { build } = service;
  return [
    ...sources
      .filter((source) =>
        source.startsWith('.') ? !existsSync(join(ROOT, source)) : !volumes.includes(source),
      )
      .map((source) => `${source} does not exist`),
    ...(build !== undefined && !existsSync(join(ROOT, build.context, 'Dockerfile')) ? ['no Dockerfile'] : []),
    ...(build?.target !== undefined && !stages.includes(build.target)
      ? [`the Dockerfile has no stage ${build.target}`]
      : []),
  ];
}

/** What it runs is in the image, or mounted into it, and our images have the version of this checkout. */
function programProblems({ image = '', build, entrypoint, command, volumes }: ComposeService): string[] {
  const mounted = volumes.map((volume) => volume.split(':')[1]);
  const { version, bin } = JSON.parse(read('package.json')) as {
    version: string;
    bin: Record<string, string>;
  };
  const program = [...entrypoint, ...command][0];
  return [
    ...entrypoint
      .filter((word) => word.startsWith('/etc/legisync/') && !mounted.includes(word))
      .map((word) => `${word} is not mounted`),
    ...(build === undefined
      ? []
      : image.endsWith(`:${version}`)
        ? []
        : [`${image} is not of version ${version}`]),
    ...(image.startsWith('legisync:') && program !== undefined && bin[program] === undefined
      ? [`the image has no program ${program}`]
      : []),
  ];
}

/** Only this machine can connect, and to a port that the container listens on. */
function portProblems({ image = '', ports }: ComposeService): string[] {
  const listens = LISTENS[image.split(':', 1)[0] ?? ''] ?? [];
  return ports.flatMap((port) => {
    const inside = Number(port.split(':').at(-1));
    return [
      ...(port.startsWith('127.0.0.1:') ? [] : [`${port} is open to other machines`]),
      ...(listens.includes(inside) ? [] : [`the container does not listen on ${inside}`]),
    ];
  });
}

/** Addresses of other services: `name:port` as a whole value or as its default, and a URL on loopback. */
function addressProblems({ services }: ComposeFile, service: ComposeService): string[] {
  const values = Object.values(service.environment).filter((value) => value !== null);
  const named = values.flatMap((value) => [...value.matchAll(/(?:^|:-)([a-z][\w-]*):(\d+)\}?$/g)]);
  const ports = (name: string) =>
    Object.entries(services)
      .filter(([key, { networks }]) => key === name || networks['default']?.aliases.includes(name) === true)
      .flatMap(([, { image = '' }]) => LISTENS[image.split(':', 1)[0] ?? ''] ?? []);
  const simulatorPort = /LEGIFRANCE_SIMULATOR_PORT=(\d+)/.exec(read('Dockerfile'))?.[1];
  return [
    ...named
      .filter(([, name = '', port]) => !ports(name).includes(Number(port)))
      .map(([, name, port]) => `no service ${String(name)} listens on ${String(port)}`),
    ...(service.healthcheck?.test ?? [])
      .flatMap((word) => [...word.matchAll(/127\.0\.0\.1:(\d+)/g)])
      .filter(([, port]) => port !== simulatorPort)
      .map(
        ([, port]) =>
          `its health check asks port ${String(port)}, but the simulator listens on ${String(simulatorPort)}`,
      ),
  ];
}

/** What it waits for exists and can happen, and it has time to stop. */
function orderProblems({ services }: ComposeFile, service: ComposeService): string[] {
  const grace = Number.parseInt(service.stop_grace_period ?? '', 10);
  const runsWorker = service.image?.startsWith('legisync:') === true && service.command.length === 0;
  return [
    ...Object.entries(service.depends_on).flatMap(([name, { condition, required }]) => {
      const other = services[name];
      if (other === undefined) return [`it waits for ${name}, which does not exist`];
      const maybeAbsent = other.profiles.some((profile) => !service.profiles.includes(profile));
      return [
        ...(condition === 'service_healthy' && other.healthcheck === undefined
          ? [`it waits until ${name} is healthy, which has no health check`]
          : []),
        ...(condition === 'service_completed_successfully' && other.restart?.startsWith('on-failure') !== true
          ? [`it waits until ${name} has ended, which is started again`]
          : []),
        ...(maybeAbsent && required ? [`it cannot start without ${name}, which has another profile`] : []),
      ];
    }),
    ...(runsWorker && !(grace > WORKER_STOPS_WITHIN) && service.profiles.length === 0
      ? [`it is killed after ${String(service.stop_grace_period)}, but may need ${WORKER_STOPS_WITHIN} s`]
      : []),
  ];
}

/** A mounted script gets every variable that it reads. */
function scriptProblems({ entrypoint, volumes, environment }: ComposeService): string[] {
  return volumes
    .map((volume) => volume.split(':'))
    .filter(([, inside = '']) => entrypoint.includes(inside))
    .flatMap(([path = '']) =>
      [...readIfThere(path).matchAll(/\$\{?([A-Z][A-Z_]*)/g)]
        .filter(([, name = '']) => environment[name] === undefined)
        .map(([, name]) => `${path} reads ${String(name)}, which it does not get`),
    );
}

function readIfThere(path: string): string {
  return existsSync(join(ROOT, path)) ? read(path) : '';
}
