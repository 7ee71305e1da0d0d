import { ActivityCancellationType, proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { PRIORITY } from '../contract/names.ts';

/**
 * The outside may be away for days, and a collection must outlast it: attempts are not counted, and the last interval,
 * five minutes, is short enough to notice its return. What must not be tried again says so itself (contract/failures.ts),
 * and what must wait longer brings its own delay.
 */
const UNTIL_IT_WORKS = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5m' } as const;

/**
 * Every activity beats while it lives (activities/liveness.ts), so that a killed worker is noticed after this time. A
 * false alarm costs a batch done twice, so it leaves room for a machine that is short of breath for ten seconds.
 */
const HEARTBEAT_TIMEOUT = '15s';

/** Activities that talk to Légifrance. */
const LONG: ActivityOptions = {
  // A batch of 100 waits for at most 1,600 places in the quota (16 lanes), of one second each when it was throttled.
  startToCloseTimeout: '1h',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  retry: UNTIL_IT_WORKS,
  // A cancelled batch hands back what it did not reach; its answer is wanted.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};

/** One transaction in the database: a request has a deadline of 40 s, a statement one of 30 s. */
const SHORT: ActivityOptions = {
  startToCloseTimeout: '1m',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  retry: UNTIL_IT_WORKS,
};

/** One chunk of a backfill: a request has a deadline of 40 s, a statement one of 30 s, and opening has two of them. */
const CHUNK: ActivityOptions = { ...SHORT, startToCloseTimeout: '2m' };

export const { fetchDocuments, uploadDocuments } = proxyActivities<Activities>(LONG);
export const { enqueueDocuments, saveControls } = proxyActivities<Activities>(SHORT);
export const { openBackfill, backfillChunk } = proxyActivities<Activities>(CHUNK);
/** A schedule gives its runs no priority, so the activity has its own. */
export const { measureCoherence } = proxyActivities<Activities>({
  ...SHORT,
  priority: { priorityKey: PRIORITY.coherence },
});
