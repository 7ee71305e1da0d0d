import { LegisyncError } from '../contract/failures.ts';

/** A spent quota is a result of an activity, with the time when there is room again, not a failure. */
export function isQuotaSpent(error: unknown): error is LegisyncError {
  return error instanceof LegisyncError && error.code === 'QUOTA_SPENT';
}
