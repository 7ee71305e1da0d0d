import { NativeConnection } from '@temporalio/worker';
import type { BaseConfig } from '../config/config.ts';
import { connectTemporal } from './connection.ts';
import type { Refusal } from './refusal.ts';
import { CONNECT_TIMEOUT_MS, temporalTarget, TemporalUnreachable } from './target.ts';

/** A connection for workers, with their namespace. */
export interface WorkerConnection {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly address: string;
}

/**
 * Connects as a worker. Call `Runtime.install` first. A connection that opens after the deadline is
 * closed.
 *
 * @throws TemporalUnreachable with the cause, or LegisyncError `CONFIG_INVALID`
 */
export async function connectWorker(config: Pick<BaseConfig, 'temporal'>): Promise<WorkerConnection> {
  // If a server accepts the connection but never answers, a native connection waits for ever and
  // keeps the process alive. If the connection is refused, it retries without a word. A client
  // connection can be closed and knows the cause, so it checks the server first.
  const { connection: probe } = await connectTemporal(config);
  await probe.close();
  const { connectionOptions, address, namespace } = temporalTarget(config);
  // The native client retries without a limit, and has no option to change that.
  const connecting = NativeConnection.connect({ ...connectionOptions, address });
  const deadline = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
  const expired = new Promise<never>((_resolve, reject) => {
    deadline.addEventListener('abort', () => reject(new Error('The deadline has passed.')), { once: true });
  });
  try {
    return { connection: await Promise.race([connecting, expired]), namespace, address };
  } catch (error) {
    connecting.then(
      (late) => late.close(),
      () => undefined,
    );
    throw new TemporalUnreachable(address, { refusal: onlyForClients(address), cause: error });
  }
}

/** The client has connected, so the server answers. The native connection checks certificates itself. */
function onlyForClients(address: string): Refusal {
  return {
    reason: `${address} answers, but the connection for workers did not open within ${CONNECT_TIMEOUT_MS / 1_000} s.`,
    next: 'start the worker again; if it lasts, check the certificates of TEMPORAL_TLS_*',
  };
}
