#!/usr/bin/env node
/** The worker process: `npm run worker`. SIGTERM and SIGINT end it within the grace time, with exit code 0. */
import { Runtime } from '@temporalio/worker';
import { ConfigError } from './config/configError.ts';
import { loadConfig } from './config/load.ts';
import { createLogger } from './observability/logger.ts';
import { createScrub } from './observability/scrub.ts';
import { temporalLogger } from './observability/temporalLogger.ts';
import { runWorker } from './runWorker.ts';

/** Until the settings are read, secrets are known by their looks only. */
let scrub = createScrub();
let runtime: Runtime | undefined;

try {
  const { config, warnings, secrets } = loadConfig({ need: ['legifrance', 'supabase'] });
  scrub = createScrub(secrets);
  const logger = createLogger({ level: config.log.level, scrub });
  for (const warning of warnings) logger.warn(warning);
  runtime = Runtime.install({
    logger: temporalLogger(logger.child({ part: 'temporal' })),
    // The SDK would shut workers down on these signals by itself; `stop` below does, after it has told the activities.
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: { core: 'WARN', other: 'WARN' }, forward: {} },
      ...(config.worker.metricsAddress !== undefined && {
        metrics: { prometheus: { bindAddress: config.worker.metricsAddress } },
      }),
    },
  });
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      logger.info({ signal }, 'worker is asked to stop');
      stop.abort();
    });
  }
  await runWorker({ config, logger, scrub, stop: stop.signal });
} catch (error) {
  process.stderr.write(`${scrub(error instanceof Error ? error.message : String(error))}\n`);
  process.exitCode = error instanceof ConfigError ? 3 : 1;
} finally {
  // It ends by itself with its last connection. Where there never was one, it would keep the process alive for ever.
  await runtime?.shutdown();
}
