import { Client, Connection } from '@temporalio/client';
import type { BaseConfig } from '../config/config.ts';
import { CONNECT_TIMEOUT_MS, temporalTarget, TemporalUnreachable } from './target.ts';

/** A connected client. An open connection keeps the process alive: close it. */
export interface TemporalClient {
  readonly connection: Connection;
  readonly client: Client;
  readonly namespace: string;
  readonly address: string;
}

/**
 * Connects as a client, within {@link CONNECT_TIMEOUT_MS}.
 *
 * @throws TemporalUnreachable, or LegisyncError `CONFIG_INVALID`
 */
export async function connectTemporal(config: Pick<BaseConfig, 'temporal'>): Promise<TemporalClient> {
  const { connectionOptions, address, namespace } = temporalTarget(config);
  const { apiKey, metadata, tls } = connectionOptions;
  const connection = Connection.lazy({
    address,
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(tls === undefined ? {} : { tls }),
  });
  try {
    await connection.ensureConnected();
  } catch (error) {
    await connection.close();
    throw new TemporalUnreachable(address, error);
  }
  return { connection, client: new Client({ connection, namespace }), namespace, address };
}
