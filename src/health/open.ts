import type { Logger } from '../observability/logger.ts';
import { createReadiness, type ReadinessOptions } from './readiness.ts';
import { serveHealth, type HealthServer } from './server.ts';

/**
 * Opens the health endpoint of a worker. If it cannot listen, the worker works without it, and the
 * log says why: a monitor must not stop what it watches.
 *
 * @param address `host:port`; undefined: no endpoint
 */
export async function openHealth(
  address: string | undefined,
  logger: Logger,
  options: ReadinessOptions,
): Promise<HealthServer | undefined> {
  if (address === undefined) return undefined;
  try {
    const health = await serveHealth(address, createReadiness(options));
    logger.info({ address: health.address }, 'health endpoint listens');
    return health;
  } catch (error) {
    const next = 'set LEGISYNC_HEALTH_ADDRESS to a free port for each worker of this machine, or to none';
    logger.warn({ address, err: error, next }, 'the health endpoint cannot listen');
    return undefined;
  }
}
