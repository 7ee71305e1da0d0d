import { NativeConnection } from '@temporalio/worker';
import type { BaseConfig } from '../config/config.ts';
import { connectTemporal } from './connection.ts';
import { CONNECT_TIMEOUT_MS, temporalTarget, TemporalUnreachable } from './target.ts';

/** A connection for workers, with the namespace that they are to use. */
export interface WorkerConnection {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly address: string;
}

/**
 * Connects as a worker does. `Runtime.install` must come first. A connection that comes too late is closed again.
 *
 * @throws TemporalUnreachable, or LegisyncError `CONFIG_INVALID`
 */
export async function connectWorker(config: Pick<BaseConfig, 'temporal'>): Promise<WorkerConnection> {
  // A native connection to a server that accepts and then says nothing never gives up, and keeps the process alive. The
  // client's can be closed, so it asks first whether anybody answers.
  const { connection: probe } = await connectTemporal(config);
  await probe.close();
  const { connectionOptions, address, namespace } = temporalTarget(config);
  // The native client has retries of its own, and no option for their end.
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
    throw new TemporalUnreachable(address, error);
  }
}
