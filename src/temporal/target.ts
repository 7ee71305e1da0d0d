import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import type { BaseConfig } from '../config/config.ts';
import { LegisyncError } from '../contract/failures.ts';

/** Long enough for a TLS handshake over a slow line; a server that is not there is noticed at once anyway. */
export const CONNECT_TIMEOUT_MS = 5_000;

/** Which server, and how to reach it. Holds keys in the clear: never log `connectionOptions`. */
export interface TemporalTarget {
  readonly connectionOptions: ClientConnectConfig['connectionOptions'];
  readonly address: string;
  readonly namespace: string;
}

/**
 * Reads Temporal's own configuration: `TEMPORAL_*` values, then a profile of `temporal.toml`.
 *
 * @throws LegisyncError `CONFIG_INVALID`. A syntax error is not shown: the parser quotes the line, which may hold a key.
 */
export function temporalTarget(config: Pick<BaseConfig, 'temporal'>): TemporalTarget {
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig({
      overrideEnvVars: { ...config.temporal.environment.reveal() },
      configFileStrict: true,
    });
    const address = connectionOptions.address ?? 'localhost:7233';
    return { connectionOptions, address, namespace: namespace ?? 'default' };
  } catch (error) {
    throw new LegisyncError('CONFIG_INVALID', `Temporal’s configuration is not understood: ${reason(error)}`);
  }
}

/** Of the parser's messages only one kind can be shown: the one about unknown keys, which holds their names alone. */
function reason(error: unknown): string {
  const text = String(error);
  return text.includes('key(s) unrecognized in ')
    ? text
    : 'look at the TEMPORAL_* settings, at the files they name, and at the profile in temporal.toml.';
}

/** No Temporal server answers at `address`. */
export class TemporalUnreachable extends Error {
  readonly address: string;

  constructor(address: string, cause: unknown) {
    super(`No Temporal server answers at ${address} within ${CONNECT_TIMEOUT_MS / 1_000} s.`, { cause });
    this.name = 'TemporalUnreachable';
    this.address = address;
  }
}
