import { CLAIM_EXPIRY_MS } from './contract/timing.ts';
import type { Logger } from './observability/logger.ts';
import type { Claims } from './supabase/claims.ts';

/**
 * Ends expired claims every minute, until `stop` is aborted. Without it, a file whose Worker asked
 * for a later attempt would stay in progress until another Worker claims files, and Workers that
 * poll the table would never see it again. A call that fails is repeated a minute later.
 */
export function keepExpiring(claims: Claims, log: Pick<Logger, 'debug'>, stop: AbortSignal): void {
  let isRunning = false;
  const timer = setInterval(() => {
    if (isRunning) return;
    isRunning = true;
    claims
      .expire()
      .catch((error: unknown) => log.debug({ err: error }, 'expired claims could not be ended'))
      .finally(() => (isRunning = false));
  }, CLAIM_EXPIRY_MS);
  // A pending call has its own deadline. The timer keeps no process alive.
  timer.unref();
  stop.addEventListener('abort', () => clearInterval(timer), { once: true });
}
