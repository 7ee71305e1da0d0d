import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { pollUntil } from '../../local/launcher/poll.ts';
import type { ComposeFile, ComposeService } from './file.ts';

/** How a service runs without a container. */
export interface ProcessSpec {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  /** Its health check; undefined: it has none. */
  readonly healthy?: (() => Promise<boolean>) | undefined;
}

export interface EngineOptions {
  readonly file: ComposeFile;
  readonly profiles: readonly string[];
  /** Undefined: the service has no process of its own here, only a health check, or is left out. */
  readonly specOf: (name: string, service: ComposeService) => ProcessSpec | undefined;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** A service that runs, or has ended with 0. */
export interface Engine {
  /** Starts all services of the profiles. Resolves when each has reached what others wait for. */
  readonly up: () => Promise<void>;
  /** SIGTERM to all, the last started first. */
  readonly down: () => Promise<void>;
}

/** Docker's delays before a restart: doubled from 100 ms, up to a minute (docs.docker.com, "Restart policies"). */
const FIRST_RESTART_MS = 100;
const LAST_RESTART_MS = 60_000;

/** No service needs longer to become healthy, or to end. */
const WAIT_MS = 300_000;
const HEALTH_EVERY_MS = 1_000;
const OUTPUT_CHARACTERS = 2_000;

/**
 * Does with processes what `docker compose up` does with containers: waits for what `depends_on` names,
 * restarts by `restart`, and asks health checks. It knows what docker-compose.yml uses, no more.
 */
export function createEngine({ file, profiles, specOf, log, signal }: EngineOptions): Engine {
  const running: { readonly name: string; readonly child: () => ChildProcess | undefined }[] = [];
  const stopping = new AbortController();
  const over = AbortSignal.any([signal, stopping.signal]);
  const services = Object.entries(file.services).filter(
    ([, { profiles: own }]) => own.length === 0 || own.some((profile) => profiles.includes(profile)),
  );
  const reached = new Map<string, Promise<void>>();

  /** Resolves when the service is healthy, or has ended with 0. */
  async function run(name: string, service: ComposeService): Promise<void> {
    for (const [other, { required }] of Object.entries(service.depends_on)) {
      const waited = reached.get(other);
      if (waited === undefined && required) throw new Error(`${name} needs ${other}, which is not started`);
      await waited;
    }
    const spec = specOf(name, service);
    if (spec === undefined) return;
    const ended = supervise(name, service, spec);
    // If it fails after it was healthy, nobody waits for it. The log shows it.
    ended.catch(() => undefined);
    await (spec.healthy === undefined ? ended : Promise.race([ended, untilHealthy(name, spec.healthy)]));
  }

  async function supervise(name: string, service: ComposeService, spec: ProcessSpec): Promise<void> {
    const [, limit] = /^on-failure:(\d+)$/.exec(service.restart ?? '') ?? [];
    const restarts = service.restart === 'unless-stopped' ? Infinity : Number(limit ?? 0);
    let child: ChildProcess | undefined;
    running.push({ name, child: () => child });
    for (let restart = 0; !over.aborted; restart += 1) {
      const [program, ...args] = spec.command;
      child = spawn(program, args, { env: spec.env, stdio: ['ignore', 'pipe', 'pipe'] });
      log(`${name}: started${restart === 0 ? '' : ` again (${restart})`}`);
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream?.on(
          'data',
          (chunk: Buffer) => (output = (output + chunk.toString()).slice(-OUTPUT_CHARACTERS)),
        );
      const [code] = (await once(child, 'close')) as [number | null];
      log(
        `${name}: ended with ${String(code)}${code === 0 ? '' : `: ${output.trim().split('\n').slice(-2).join(' ')}`}`,
      );
      if (code === 0 && service.restart !== 'unless-stopped') return;
      if (restart >= restarts)
        throw new Error(`${name} has ended with ${String(code)}, and is not started again`);
      await pause(Math.min(FIRST_RESTART_MS * 2 ** restart, LAST_RESTART_MS), undefined, {
        signal: over,
      }).catch(() => undefined);
    }
  }

  async function untilHealthy(name: string, healthy: () => Promise<boolean>): Promise<void> {
    await pollUntil(healthy, { everyMs: HEALTH_EVERY_MS, timeoutMs: WAIT_MS, signal: over });
    log(`${name}: healthy`);
  }

  return {
    async up() {
      // A service comes after those that it waits for, so each finds their promises.
      const left = new Map(services);
      while (left.size > 0) {
        const ready = [...left].filter(([, { depends_on: needs }]) =>
          Object.keys(needs).every((other) => !left.has(other)),
        );
        if (ready.length === 0) throw new Error(`${[...left.keys()].join(', ')} wait for each other`);
        for (const [name, service] of ready) {
          left.delete(name);
          reached.set(name, run(name, service));
        }
      }
      await Promise.all(reached.values());
    },
    async down() {
      stopping.abort();
      for (const { child } of running.toReversed()) {
        const process = child();
        if (process === undefined || process.exitCode !== null || process.signalCode !== null) continue;
        const ended = once(process, 'close');
        process.kill('SIGTERM');
        await ended;
      }
    },
  };
}
