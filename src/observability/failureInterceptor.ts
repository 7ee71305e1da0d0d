import { CompleteAsyncError } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { FAILURES, LegisyncError, type FailureCode, type Retry } from '../contract/failures.ts';
import type { Logger } from './logger.ts';
import type { Scrub } from './scrub.ts';

/** Expected under load: logged at debug, and not counted as failures by the SDK's metrics. */
const BENIGN: ReadonlySet<FailureCode> = new Set<FailureCode>(['LEGIFRANCE_THROTTLED', 'QUOTA_SPENT']);

/** The policy of the activities (workflows/proxies.ts): an interval doubles from the first to the last. */
const FIRST_INTERVAL_MS = 1_000;
const LAST_INTERVAL_MS = 300_000;

/** Temporal keeps 4 KB of a failure; a message beyond this would push the type out of what people see. */
const MAX_MESSAGE = 800;

/**
 * An activity interceptor that puts every failure into the form in which it may enter a workflow's history: its code as
 * the type, the retry of the taxonomy, a message without secrets, no cause and no stack. It logs begin and end.
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
            // The original, with its cause and stack, is for this machine's log only.
            const level = failure.type === 'INTERNAL' ? 'error' : 'debug';
            log[level]({ durationMs: durationMs(), code: failure.type, err: error }, 'activity failed');
            throw failure;
          }
        },
      },
    };
  };
}

/** Not a failure: the SDK itself has to see it. An AbortError is one only where the activity was really cancelled. */
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

/** `error` as a failure for history. What is no {@link LegisyncError} becomes `INTERNAL`: nobody foresaw it. */
function toApplicationFailure(error: unknown, attempt: number, scrub: Scrub): ApplicationFailure {
  if (error instanceof ApplicationFailure) return rebuilt(error, scrub);
  const known = error instanceof LegisyncError ? error : new LegisyncError('INTERNAL', scrub(String(error)));
  const { retry, remedy }: { readonly retry: Retry; readonly remedy: string } = FAILURES[known.code];
  const delayMs = delayOf(retry, attempt, known.retryAfterMs);
  // Where a person has to act, the Web UI should say how, beside the failure.
  const message = retry.kind === 'every' ? `${known.message} ${remedy}` : known.message;
  return withoutStack(
    ApplicationFailure.create({
      type: known.code,
      message: clean(message, scrub),
      nonRetryable: retry.kind === 'never',
      ...(delayMs === undefined ? {} : { nextRetryDelay: delayMs }),
      ...(BENIGN.has(known.code) ? { category: ApplicationFailureCategory.BENIGN } : {}),
    }),
  );
}

/**
 * When to try again, in milliseconds; undefined leaves it to the activity's own policy. What the other side asks for makes
 * a wait longer, never shorter: `Retry-After: 0` would be a loop without a pause, and one of seconds would make little of
 * a failure that waits for a person.
 */
function delayOf(retry: Retry, attempt: number, askedMs: number | undefined): number | undefined {
  if (retry.kind === 'every') return Math.max(retry.ms, askedMs ?? 0);
  if (retry.kind === 'never' || askedMs === undefined) return undefined;
  return askedMs > Math.min(FIRST_INTERVAL_MS * 2 ** (attempt - 1), LAST_INTERVAL_MS) ? askedMs : undefined;
}

/** An activity's own `ApplicationFailure`: as it is, but for its cause and what its message may hold. */
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

/** Scrubbed before it is cut: a secret cut in two no longer looks like one. */
function clean(message: string, scrub: Scrub): string {
  const text = scrub(message);
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE - 1)}…` : text;
}

/** The stack would be this file's own, with the machine's paths in it. */
function withoutStack(failure: ApplicationFailure): ApplicationFailure {
  failure.stack = '';
  return failure;
}
