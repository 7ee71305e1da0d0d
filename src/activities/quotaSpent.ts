import { LegisyncError } from '../contract/failures.ts';

/** A spent quota is not a failure. The result of the activity says when there is room again. */
export function isQuotaSpent(error: unknown): error is LegisyncError {
  return error instanceof LegisyncError && error.code === 'QUOTA_SPENT';
}
