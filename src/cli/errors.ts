import {
  isGrpcCancelledError,
  isGrpcDeadlineError,
  isGrpcServiceError,
  NamespaceNotFoundError,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { FAILURES, isFailureCode, LegisyncError } from '../contract/failures.ts';
import { TemporalUnreachable } from '../temporal/target.ts';
import { CommandError, EXIT, type ExitCode } from './exit.ts';
import { GRPC, grpcError } from '../temporal/grpc.ts';

/** How a command failed, for people and for programs. */
export interface Failure {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly message: string;
  /** The remedy: what to type or to do next. Shown on a line of its own. */
  readonly next: string;
}

/**
 * Whether the deadline of a call has passed. The server knows the deadline, too. If its clock is
 * faster, it resets the stream, and the client reports CANCELLED. Nothing else cancels a call that
 * has a deadline.
 */
export function isDeadline(error: unknown): boolean {
  const cause = grpcError(error);
  return isGrpcDeadlineError(cause) || isGrpcCancelledError(cause);
}

/** Maps everything that a command threw. An unexpected error is a bug: `INTERNAL`, exit code 1. */
export function toFailure(error: unknown): Failure {
  if (error instanceof CommandError) return error;
  if (error instanceof LegisyncError) return fromLegisync(error);
  if (error instanceof TemporalUnreachable) {
    return {
      exitCode: EXIT.temporalUnreachable,
      code: 'TEMPORAL_UNREACHABLE',
      message: error.message,
      next: error.next,
    };
  }
  return fromTemporal(error) ?? internal(error);
}

function fromLegisync({ code, message, remedy }: LegisyncError): Failure {
  return { exitCode: EXIT[FAILURES[code].exit], code, message, next: remedy };
}

function fromTemporal(error: unknown): Failure | undefined {
  if (error instanceof WorkflowNotFoundError) {
    const message = `Workflow ${error.workflowId} is not running.`;
    return { exitCode: EXIT.notRunning, code: 'NOT_RUNNING', message, next: 'legisync status' };
  }
  if (error instanceof WorkflowFailedError) return fromWorkflow(error);
  if (error instanceof NamespaceNotFoundError) return namespaceMissing(error.namespace);
  return fromGrpc(grpcError(error));
}

/**
 * A workflow that failed ends the command with 1, whatever the cause was: the configuration and the
 * connections are those of its worker. Only a refusal keeps its own exit code.
 */
function fromWorkflow(error: WorkflowFailedError): Failure {
  const reason = reasonOf(error);
  const code = reason?.type ?? 'WORKFLOW_FAILED';
  const message = reason?.message ?? error.cause?.message ?? error.message;
  if (!isFailureCode(code)) return { exitCode: EXIT.failed, code, message, next: 'legisync status' };
  const { exit, remedy } = FAILURES[code];
  return { exitCode: exit === 'refused' ? EXIT.refused : EXIT.failed, code, message, next: remedy };
}

function fromGrpc(error: unknown): Failure | undefined {
  if (!isGrpcServiceError(error)) return undefined;
  const code: number = error.code;
  const message = error.details;
  if (code === GRPC.unavailable || isDeadline(error)) {
    return {
      exitCode: EXIT.temporalUnreachable,
      code: 'TEMPORAL_UNREACHABLE',
      message: `The Temporal server does not answer any more: ${message}`,
      next: 'the same command again; `legisync config` shows the address',
    };
  }
  const [, namespace] = /^Namespace (\S+) is not found/.exec(message) ?? [];
  if (code === GRPC.notFound && namespace !== undefined) return namespaceMissing(namespace);
  if (code === GRPC.permissionDenied || code === GRPC.unauthenticated) {
    const next = 'check TEMPORAL_API_KEY or the client certificate, and TEMPORAL_NAMESPACE';
    return { exitCode: EXIT.config, code: 'CONFIG_INVALID', message, next };
  }
  if (code === GRPC.invalidArgument && message.includes('search attribute')) {
    return {
      exitCode: EXIT.failed,
      code: 'SEARCH_ATTRIBUTES_MISSING',
      message,
      next: 'legisync up (it registers them; a server may need a minute to accept them)',
    };
  }
  return undefined;
}

function namespaceMissing(namespace: string): Failure {
  return {
    exitCode: EXIT.config,
    code: 'CONFIG_INVALID',
    message: `The Temporal server has no namespace ${JSON.stringify(namespace)} (TEMPORAL_NAMESPACE).`,
    next: `temporal operator namespace create --namespace ${namespace}`,
  };
}

/** The innermost application failure. If an activity failed, its type is a code of the taxonomy. */
function reasonOf(error: Error): ApplicationFailure | undefined {
  let reason: ApplicationFailure | undefined;
  let current: unknown = error;
  // A chain of causes has a few links. The bound guards against a circular one.
  for (let depth = 0; depth < 20 && current instanceof Error; depth++) {
    if (current instanceof ApplicationFailure) reason = current;
    current = current.cause;
  }
  return reason;
}

function internal(error: unknown): Failure {
  return {
    exitCode: EXIT.failed,
    code: 'INTERNAL',
    message: String(error),
    next: FAILURES.INTERNAL.remedy,
  };
}
