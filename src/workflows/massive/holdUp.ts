import { ActivityFailure, ApplicationFailure, isCancellation, log } from '@temporalio/workflow';
import type { FailureDetails, HoldUp, Problem } from '../../contract/collecting.ts';
import type { FailureCode } from '../../contract/failures.ts';

const QUOTA_SPENT = 'QUOTA_SPENT' satisfies FailureCode;

/** A spent quota is not a failure, but holds up every lane. */
export function isQuotaSpent(problem: Problem | null | undefined): boolean {
  return problem?.code === QUOTA_SPENT;
}

/**
 * The problem that holds up the lanes from now on. If the one before has the same code, it has
 * lasted since then.
 *
 * @param waitMs until the next try, from the time of the problem
 */
export function holdUpOf(before: HoldUp | null, problem: Problem, waitMs: number): HoldUp {
  // Lanes report concurrently, so the report of an earlier time may be the later one.
  const isSame = before?.code === problem.code && before.since < problem.at;
  const since = isSame ? before.since : problem.at;
  return { ...problem, since, nextTry: new Date(Date.parse(problem.at) + waitMs).toISOString() };
}

/**
 * The problem that made an activity fail permanently. An operator may have failed it, or completed
 * it with a wrong result: then nobody has said when.
 *
 * @throws the error, if it is a cancellation, which ends the run, or neither the failure nor the
 * wrong result of an activity
 */
export function problemOf(error: unknown): Problem {
  if (isCancellation(error)) throw error;
  if (!(error instanceof ActivityFailure || error instanceof ApplicationFailure)) throw error;
  const cause = error instanceof ActivityFailure ? (error.cause ?? error) : error;
  const [details] = (cause instanceof ApplicationFailure ? (cause.details ?? []) : []) as [FailureDetails?];
  const type = cause instanceof ApplicationFailure ? cause.type : undefined;
  const problem = {
    code: type ?? ('INTERNAL' satisfies FailureCode),
    message: cause.message,
    at: details?.at ?? new Date().toISOString(),
  };
  log.error('nothing begins for a while after a failure that is not retried', { problem });
  return problem;
}

/** What holds up the lanes, for the Web UI. */
export function describeHoldUp({ code, message, since, nextTry }: HoldUp): string {
  return `Held up since ${since}, next try ${nextTry}: ${code}: ${message}`;
}
