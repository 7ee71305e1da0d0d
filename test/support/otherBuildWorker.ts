/**
 * A worker process with other workflow code: `OTHER_BUNDLE` is the path of its bundle, `OTHER_BUILD`
 * its build id.
 */
import { Runtime } from '@temporalio/worker';
import { loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { createScrub } from '../../src/observability/scrub.ts';
import { runWorker } from '../../src/runWorker.ts';

const { config, secrets } = loadConfig({ need: ['legifrance', 'supabase'] });
const scrub = createScrub(secrets);
const logger = createLogger({ level: 'info', scrub });
Runtime.install({ shutdownSignals: [], telemetryOptions: { logging: { filter: 'OFF' } } });
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const bundle = {
  codePath: process.env['OTHER_BUNDLE'] ?? '',
  buildId: process.env['OTHER_BUILD'] ?? '',
};
await runWorker({ config, logger, scrub, stop: stop.signal, bundle });
await Runtime.instance().shutdown();
