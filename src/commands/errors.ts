import {
  isGrpcServiceError,
  NamespaceNotFoundError,
  ServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure, rootCause } from '@temporalio/common';
import { FAILURES, LegisyncError } from '../contract/failures.ts';
import { TemporalUnreachable } from '../temporal/target.ts';
import { CommandError, EXIT, type ExitCode } from './exit.ts';

/** How a command failed, for people and for programs. */
export interface Failure {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly message: string;
  /** What to type or to do next. */
  readonly next: string;
}

/** gRPC status codes (grpc.io, "Status codes and their use"). */
const GRPC = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** Maps whatever a command threw. What nobody foresaw is a bug of ours: `INTERNAL`, exit code 1. */
export function toFailure(error: unknown): Failure {
  if (error instanceof CommandError) return error;
  if (error instanceof LegisyncError) return fromLegisync(error);
  if (error instanceof TemporalUnreachable) {
    return {
      exitCode: EXIT.temporalUnreachable,
      code: 'TEMPORAL_UNREACHABLE',
      message: error.message,
      next: 'npm start (a local stack), or set TEMPORAL_ADDRESS; `legisync config` shows what applies',
    };
  }
  return fromTemporal(error) ?? internal(error);
}

function fromLegisync(error: LegisyncError): Failure {
  const { code, message } = error;
  const isSupabase = /^(DATABASE|STORAGE|SCHEMA)_/.test(code);
  const exitCode = code === 'CONFIG_INVALID' ? EXIT.config : isSupabase ? EXIT.supabase : EXIT.failed;
  return { exitCode, code, message, next: FAILURES[code].remedy };
}

function fromTemporal(error: unknown): Failure | undefined {
  if (error instanceof WorkflowNotFoundError) {
    const message = `Workflow ${error.workflowId} is not running.`;
    return { exitCode: EXIT.notRunning, code: 'NOT_RUNNING', message, next: 'legisync status' };
  }
  if (error instanceof WorkflowUpdateFailedError) {
    const message = rootCause(error) ?? error.message;
    return { exitCode: EXIT.refused, code: 'REFUSED', message, next: 'legisync massive status' };
  }
  if (error instanceof WorkflowFailedError) {
    const code = failureType(error) ?? 'WORKFLOW_FAILED';
    const message = rootCause(error) ?? error.message;
    const next = code in FAILURES ? FAILURES[code as keyof typeof FAILURES].remedy : 'legisync status';
    return { exitCode: EXIT.failed, code, message, next };
  }
  if (error instanceof NamespaceNotFoundError) {
    return {
      exitCode: EXIT.config,
      code: 'CONFIG_INVALID',
      message: `The Temporal server has no namespace ${JSON.stringify(error.namespace)} (TEMPORAL_NAMESPACE).`,
      next: `temporal operator namespace create --namespace ${error.namespace}`,
    };
  }
  return fromGrpc(error instanceof ServiceError ? error.cause : error);
}

function fromGrpc(error: unknown): Failure | undefined {
  if (!isGrpcServiceError(error)) return undefined;
  const code: number = error.code;
  const message = error.details;
  if (code === GRPC.unavailable || code === GRPC.deadlineExceeded) {
    return {
      exitCode: EXIT.temporalUnreachable,
      code: 'TEMPORAL_UNREACHABLE',
      message: `The Temporal server does not answer any more: ${message}`,
      next: 'the same command again; `legisync config` shows the address',
    };
  }
  if (code === GRPC.permissionDenied || code === GRPC.unauthenticated) {
    const next = 'check TEMPORAL_API_KEY or the client certificate, and TEMPORAL_NAMESPACE';
    return { exitCode: EXIT.config, code: 'CONFIG_INVALID', message, next };
  }
  if (code === GRPC.invalidArgument && message.includes('search attribute')) {
    return {
      exitCode: EXIT.failed,
      code: 'SEARCH_ATTRIBUTES_MISSING',
      message,
      next: 'legisync up (it registers them)',
    };
  }
  return undefined;
}

/** The type of the innermost application failure, which is a code of the taxonomy where an activity failed. */
function failureType(error: Error): string | undefined {
  let type: string | undefined;
  let current: unknown = error;
  // A chain of causes is a few long; the bound guards against one that bites its tail.
  for (let depth = 0; depth < 20 && current instanceof Error; depth++) {
    if (current instanceof ApplicationFailure) type = current.type ?? type;
    current = current.cause;
  }
  return type;
}

function internal(error: unknown): Failure {
  return {
    exitCode: EXIT.failed,
    code: 'INTERNAL',
    message: String(error),
    next: FAILURES.INTERNAL.remedy,
  };
}
