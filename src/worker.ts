/**
 * The worker process: `npm run worker`. SIGTERM and SIGINT end it within the shutdown grace time,
 * with exit code 0.
 */
import { Runtime } from '@temporalio/worker';
import { ConfigError } from './config/configError.ts';
import { loadConfig } from './config/load.ts';
import { LegisyncError } from './contract/failures.ts';
import { WORKER_HEARTBEAT } from './contract/timing.ts';
import { createLogger } from './observability/logger.ts';
import { createScrub } from './observability/scrub.ts';
import { temporalLogger } from './observability/temporalLogger.ts';
import { runWorker } from './runWorker.ts';
import { temporalSecrets, temporalTarget, TemporalUnreachable } from './temporal/target.ts';
import { BundleOutdated } from './temporal/workflowBundle.ts';

/** Before the settings are read, it recognises secrets by their form only. */
let scrub = createScrub();
let runtime: Runtime | undefined;

try {
  const { config, warnings, secrets } = loadConfig({ need: ['legifrance', 'supabase'] });
  scrub = createScrub([...secrets, ...temporalSecrets(temporalTarget(config))]);
  const logger = createLogger({ level: config.log.level, scrub });
  for (const warning of warnings) logger.warn(warning);
  runtime = Runtime.install({
    logger: temporalLogger(logger.child({ part: 'temporal' })),
    workerHeartbeatInterval: WORKER_HEARTBEAT.everyMs,
    // Not the SDK's own shutdown on signals: `stop` below informs the activities first.
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
      logger.info({ signal }, 'worker is stopping');
      stop.abort();
    });
  }
  await runWorker({ config, logger, scrub, stop: stop.signal });
} catch (error) {
  process.stderr.write(`${scrub(error instanceof Error ? error.message : String(error))}\n`);
  const next = nextStep(error);
  if (next !== undefined) process.stderr.write(`Next: ${scrub(next)}\n`);
  process.exitCode = error instanceof ConfigError ? 3 : 1;
} finally {
  // The runtime ends with its last connection. Without any connection it would keep the process
  // alive.
  await runtime?.shutdown();
}

/** What to do about an error. A ConfigError says it for each mistake, in its message. */
function nextStep(error: unknown): string | undefined {
  if (error instanceof TemporalUnreachable || error instanceof BundleOutdated) return error.next;
  return error instanceof LegisyncError && !(error instanceof ConfigError) ? error.remedy : undefined;
}
