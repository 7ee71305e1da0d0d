import { COMMANDS } from '../installation.ts';
import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import type { BaseConfig } from '../config/config.ts';
import { LegisyncError } from '../contract/failures.ts';
import type { Refusal } from './refusal.ts';

/** Long enough for a TLS handshake on a slow network. Only a server that does not answer takes it. */
export const CONNECT_TIMEOUT_MS = 5_000;

/**
 * The server and how to connect to it. `connectionOptions` contains keys in plain text: never log
 * it.
 */
export interface TemporalTarget {
  readonly connectionOptions: ClientConnectConfig['connectionOptions'];
  readonly address: string;
  readonly namespace: string;
}

/**
 * Reads Temporal's own configuration: `TEMPORAL_*` values, then a profile of `temporal.toml`.
 *
 * @throws LegisyncError `CONFIG_INVALID`, without the parser's message: it quotes a line that may
 * contain a key
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
    throw new LegisyncError('CONFIG_INVALID', `Temporal’s configuration is invalid: ${reason(error)}`);
  }
}

/**
 * The keys in the connection options, for the scrubber. They may come from `temporal.toml`, which the
 * configuration of legisync does not read.
 */
export function temporalSecrets({ connectionOptions }: Pick<TemporalTarget, 'connectionOptions'>): string[] {
  const { apiKey, metadata = {} } = connectionOptions;
  return [apiKey, ...Object.values(metadata)].filter((value) => typeof value === 'string');
}

/**
 * Only the parser's message about unknown keys can be shown: it contains nothing but their names.
 */
function reason(error: unknown): string {
  const text = String(error);
  return text.includes('key(s) unrecognized in ')
    ? text
    : 'check the TEMPORAL_* settings, the files that they name, and the profile in temporal.toml.';
}

/** No connection to the Temporal server at `address`: it is refused, or nothing answers in time. */
export class TemporalUnreachable extends Error {
  readonly address: string;
  /** What to type or to do next. */
  readonly next: string;

  /** Without a refusal, nothing answered within {@link CONNECT_TIMEOUT_MS}. */
  constructor(address: string, { refusal, cause }: { readonly refusal?: Refusal; readonly cause: unknown }) {
    const { reason, next } = refusal ?? {
      reason: `No Temporal server answered at ${address} within ${CONNECT_TIMEOUT_MS / 1_000} s.`,
      next: `${COMMANDS.reachServer}; \`legisync config\` shows what applies`,
    };
    super(reason, { cause });
    this.name = 'TemporalUnreachable';
    this.address = address;
    this.next = next;
  }
}
