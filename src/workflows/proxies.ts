import { ActivityCancellationType, proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { ACTIVITY, BACKOFF, HEARTBEAT } from '../contract/timing.ts';

/**
 * Options of every activity. Attempts are not counted, because an outage may last for days. A
 * failure that must not be retried, or only after a longer delay, says so itself
 * (`contract/failures.ts`).
 */
const COMMON: ActivityOptions = {
  heartbeatTimeout: HEARTBEAT.timeoutMs,
  retry: {
    initialInterval: BACKOFF.firstMs,
    backoffCoefficient: BACKOFF.factor,
    maximumInterval: BACKOFF.lastMs,
  },
};

export const { fetchDocuments, uploadDocuments } = proxyActivities<Activities>({
  ...COMMON,
  startToCloseTimeout: ACTIVITY.collectMs,
  // A cancelled batch releases what it did not reach, and the workflow needs that result.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

export const { enqueueDocuments, saveControls } = proxyActivities<Activities>({
  ...COMMON,
  startToCloseTimeout: ACTIVITY.requestMs,
});

export const { openBackfill, backfillChunk } = proxyActivities<Activities>({
  ...COMMON,
  startToCloseTimeout: ACTIVITY.twoRequestsMs,
});

export const { measureCoherence } = proxyActivities<Activities>({
  ...COMMON,
  startToCloseTimeout: ACTIVITY.requestMs,
});
