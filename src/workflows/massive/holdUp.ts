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
 * The problem that made an activity fail permanently; undefined if no worker of ours has reported it.
 *
 * @throws the error, if it is a cancellation, which ends the run, or no failure of an activity
 */
export function problemOf(error: unknown): Problem | undefined {
  if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  const { cause, message } = error;
  log.error('nothing begins for a while after a failure that is not retried', {
    problem: cause?.message ?? message,
  });
  if (!(cause instanceof ApplicationFailure)) return undefined;
  const [details] = (cause.details ?? []) as [FailureDetails?];
  return details === undefined
    ? undefined
    : { code: cause.type ?? 'INTERNAL', message: cause.message, at: details.at };
}

/** What holds up the lanes, for the Web UI. */
export function describeHoldUp({ code, message, since, nextTry }: HoldUp): string {
  return `Held up since ${since}, next try ${nextTry}: ${code}: ${message}`;
}
