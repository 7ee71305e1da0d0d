import {
  Client,
  Connection,
  defaultGrpcRetryOptions,
  isGrpcServiceError,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';
import type { BaseConfig } from '../config/config.ts';
import { LegisyncError } from '../contract/failures.ts';
import { hideSecrets } from '../contract/knownSecrets.ts';
import { GRPC } from './grpc.ts';
import { explainRefusal, isRefused } from './refusal.ts';
import {
  CONNECT_TIMEOUT_MS,
  temporalSecrets,
  temporalTarget,
  TemporalUnreachable,
  type TemporalTarget,
} from './target.ts';

/** A connected client. An open connection keeps the process alive: close it. */
export interface TemporalClient {
  readonly connection: Connection;
  readonly client: Client;
  readonly namespace: string;
  readonly address: string;
}

/**
 * Connects as a client, within {@link CONNECT_TIMEOUT_MS}. A refusal ends it at once; only a server
 * that does not answer takes that long.
 *
 * @throws TemporalUnreachable with the cause, or LegisyncError `CONFIG_INVALID`
 */
export async function connectTemporal(config: Pick<BaseConfig, 'temporal'>): Promise<TemporalClient> {
  const target = temporalTarget(config);
  const { address, namespace } = target;
  const { apiKey, metadata, tls } = target.connectionOptions;
  const retry = defaultGrpcRetryOptions();
  let connected = false;
  const connection = Connection.lazy({
    address,
    // By default, the SDK also retries a refused connection, until its deadline hides the cause.
    interceptors: [
      makeGrpcRetryInterceptor({
        ...retry,
        retryableDecider: (attempt, status) =>
          (connected || !isRefused(status)) && retry.retryableDecider(attempt, status),
      }),
    ],
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(tls === undefined ? {} : { tls }),
  });
  try {
    // Not `ensureConnected`: it waits for the deadline even if the connection is refused.
    const deadline = Date.now() + CONNECT_TIMEOUT_MS;
    await connection.withDeadline(deadline, () => connection.workflowService.getSystemInfo({}));
  } catch (error) {
    await connection.close();
    throw connectionError(target, error);
  }
  connected = true;
  return { connection, client: new Client({ connection, namespace }), namespace, address };
}

function connectionError(target: TemporalTarget, error: unknown): Error {
  const { address } = target;
  if (!isGrpcServiceError(error)) return new TemporalUnreachable(address, { cause: error });
  const code: number = error.code;
  // A server that notices the deadline first resets the call.
  if (code === GRPC.deadlineExceeded || code === GRPC.cancelled) {
    return new TemporalUnreachable(address, { cause: error });
  }
  if (code === GRPC.unauthenticated || code === GRPC.permissionDenied) {
    // Without the server's text, which may repeat the key.
    return new LegisyncError('CONFIG_INVALID', `${address} refuses the API key or the client certificate.`, {
      remedy: 'check TEMPORAL_API_KEY or the client certificate, and TEMPORAL_NAMESPACE',
      cause: error,
    });
  }
  const refusal = explainRefusal(address, {
    code,
    details: hideSecrets(temporalSecrets(target))(error.details),
  });
  return new TemporalUnreachable(address, { refusal, cause: error });
}
