import { CompleteAsyncError } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { FailureDetails } from '../contract/collecting.ts';
import type { Retry } from '../contract/failureRule.ts';
import { FAILURES, LegisyncError } from '../contract/failures.ts';
import { BACKOFF } from '../contract/timing.ts';
import type { Logger } from './logger.ts';
import type { Scrub } from './scrub.ts';

/** Temporal keeps 4 KB of a failure. A longer message would displace the type and the remedy. */
const MAX_MESSAGE = 800;

/**
 * An activity interceptor that turns every error into a failure that may enter a workflow's
 * history: the code as its type, the retry of the taxonomy, a message without secrets, no cause and
 * no stack. The details say when it happened and, if a person has to act, the remedy. Logs the begin
 * and the end of each activity.
 */
export function failureInterceptor({
  logger,
  scrub,
}: {
  readonly logger: Logger;
  readonly scrub: Scrub;
}): ActivityInterceptorsFactory {
  return (context) => {
    const { activityType, attempt, workflowExecution } = context.info;
    const log = logger.child({ activity: activityType, attempt, workflowId: workflowExecution?.workflowId });
    return {
      inbound: {
        async execute(input, next) {
          const startedAt = performance.now();
          const durationMs = () => Math.round(performance.now() - startedAt);
          log.debug('activity started');
          try {
            const result = await next(input);
            log.debug({ durationMs: durationMs() }, 'activity completed');
            return result;
          } catch (error) {
            if (isControlFlow(error, context.cancellationSignal)) throw error;
            const failure = toApplicationFailure(error, attempt, scrub);
            // The original error, with its cause and stack, is for the log of this machine only.
            const level = failure.type === 'INTERNAL' ? 'error' : 'debug';
            log[level]({ durationMs: durationMs(), code: failure.type, err: error }, 'activity failed');
            throw failure;
          }
        },
      },
    };
  };
}

/**
 * Whether the SDK itself must handle the error. An `AbortError` counts only if the activity was
 * cancelled.
 */
function isControlFlow(error: unknown, cancellation: AbortSignal): boolean {
  if (error instanceof CompleteAsyncError || error instanceof CancelledFailure) return true;
  return (
    cancellation.aborted &&
    typeof error === 'object' &&
    error !== null &&
    'name' in error &&
    error.name === 'AbortError'
  );
}

/** The failure for the history. An error that is not a {@link LegisyncError} becomes `INTERNAL`. */
function toApplicationFailure(error: unknown, attempt: number, scrub: Scrub): ApplicationFailure {
  if (error instanceof ApplicationFailure) return rebuilt(error, scrub);
  const known = error instanceof LegisyncError ? error : new LegisyncError('INTERNAL', scrub(String(error)));
  const { retry, concerns, benign } = FAILURES[known.code];
  const delayMs = delayOf(retry, attempt, known.retryAfterMs);
  return withoutStack(
    ApplicationFailure.create({
      type: known.code,
      message: clean(known.message, scrub),
      // The Web UI shows details on lines of their own.
      details: [
        {
          at: new Date().toISOString(),
          ...(concerns.operator === true && { remedy: scrub(known.remedy) }),
        } satisfies FailureDetails,
      ],
      nonRetryable: retry.kind === 'never',
      ...(delayMs === undefined ? {} : { nextRetryDelay: delayMs }),
      ...(benign ? { category: ApplicationFailureCategory.BENIGN } : {}),
    }),
  );
}

/**
 * The delay of the next attempt, in milliseconds; undefined leaves it to the activity's own policy.
 * `Retry-After` makes the delay longer, never shorter: 0 would be a loop without a pause, and a few
 * seconds are too short for a failure that waits for a person.
 */
function delayOf(retry: Retry, attempt: number, askedMs: number | undefined): number | undefined {
  if (retry.kind === 'every') return Math.max(retry.ms, askedMs ?? 0);
  if (retry.kind === 'never' || askedMs === undefined) return undefined;
  const policyMs = Math.min(BACKOFF.firstMs * BACKOFF.factor ** (attempt - 1), BACKOFF.lastMs);
  return askedMs > policyMs ? askedMs : undefined;
}

/** An activity's own `ApplicationFailure`, without its cause and without secrets in its message. */
function rebuilt(error: ApplicationFailure, scrub: Scrub): ApplicationFailure {
  return withoutStack(
    new ApplicationFailure(
      clean(error.message, scrub),
      error.type,
      error.nonRetryable,
      error.details,
      undefined,
      error.nextRetryDelay,
      error.category,
    ),
  );
}

/** Scrubs first and cuts then: a secret that is cut in two is not recognised. */
function clean(message: string, scrub: Scrub): string {
  const text = scrub(message);
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE - 1)}…` : text;
}

/** The stack is that of this file, and contains paths of the machine. */
function withoutStack(failure: ApplicationFailure): ApplicationFailure {
  failure.stack = '';
  return failure;
}
