/**
 * A worker process that sends itself a signal at a named point: SIGKILL, as a power cut would, or
 * `FAULT_SIGNAL`. `FAULT_POINT` says where, `FAULT_CALL` at which call (from 1). The faults sit in
 * front of the ports; the worker's own code is untouched.
 */
import { Runtime } from '@temporalio/worker';
import type { ActivityDeps } from '../../src/activities/deps.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { createScrub } from '../../src/observability/scrub.ts';
import { runWorker } from '../../src/runWorker.ts';

/** Points at which a worker may get its signal. */
export type FaultPoint =
  | 'after page'
  | 'after fetch'
  | 'before consult'
  | 'after consult'
  | 'after upload'
  | 'before enqueue'
  | 'after enqueue'
  | 'before chunk'
  | 'after chunk';

const point = process.env['FAULT_POINT'] as FaultPoint;
const call = Number(process.env['FAULT_CALL']);
const signal = (process.env['FAULT_SIGNAL'] ?? 'SIGKILL') as NodeJS.Signals;
let calls = 0;

function die(at: FaultPoint): void {
  if (at !== point) return;
  calls += 1;
  if (calls === call) process.kill(process.pid, signal);
}

function faulty(deps: ActivityDeps): ActivityDeps {
  return {
    ...deps,
    legifrance: {
      ...deps.legifrance,
      async search(...args) {
        const page = await deps.legifrance.search(...args);
        die('after page');
        return page;
      },
      async consult(...args) {
        die('before consult');
        const consulted = await deps.legifrance.consult(...args);
        die('after consult');
        return consulted;
      },
    },
    storage: {
      ...deps.storage,
      async upload(path, body, sha256) {
        await deps.storage.upload(path, body, sha256);
        die('after upload');
      },
    },
    backfill: {
      ...deps.backfill,
      async chunk(input) {
        die('before chunk');
        const result = await deps.backfill.chunk(input);
        die('after chunk');
        return result;
      },
    },
    catalogue: {
      ...deps.catalogue,
      async takeDocuments(batch, limit) {
        const ids = await deps.catalogue.takeDocuments(batch, limit);
        if (ids.length > 0) die('after fetch');
        return ids;
      },
      async enqueue(batch, stored, failures) {
        die('before enqueue');
        const result = await deps.catalogue.enqueue(batch, stored, failures);
        die('after enqueue');
        return result;
      },
    },
  };
}

const { config, secrets } = loadConfig({ need: ['legifrance', 'supabase'] });
const scrub = createScrub(secrets);
const logger = createLogger({ level: 'silent', scrub });
Runtime.install({ shutdownSignals: [], telemetryOptions: { logging: { filter: 'OFF' } } });
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
await runWorker({ config, logger, scrub, stop: stop.signal, decorate: faulty });
await Runtime.instance().shutdown();
