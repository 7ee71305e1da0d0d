import { isGrpcServiceError, ServiceError } from '@temporalio/client';

/** gRPC status codes (grpc.io, "Status codes and their use"). */
export const GRPC = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  failedPrecondition: 9,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** The status code of a call that the server refused; undefined if the error is no answer of it. */
export function grpcCodeOf(error: unknown): number | undefined {
  const cause = grpcError(error);
  return isGrpcServiceError(cause) ? cause.code : undefined;
}

/** The SDK wraps some errors of gRPC. */
export function grpcError(error: unknown): unknown {
  return error instanceof ServiceError ? error.cause : error;
}
