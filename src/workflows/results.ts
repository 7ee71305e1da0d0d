import { ApplicationFailure } from '@temporalio/workflow';
import { MAX_BATCH } from '../contract/limits.ts';
import type { FailureDetails } from '../contract/collecting.ts';
import { amount, fields, list, oneOf, optional, text, wholeNumber, type Rule } from './input.ts';

/**
 * Checks the results of activities. An operator may complete an activity by hand (Temporal's CLI or
 * Web UI), with any result. Without a check, a wrong one makes the workflow task fail for ever.
 */

const COUNT = wholeNumber({ min: 0 });

/** A run of a backfill: what the workflow reads of it. */
const RUN = fields({
  phase: oneOf('queue', 'catch_up', 'verify', 'sizes', 'end'),
  scanned: COUNT,
  chunks: COUNT,
});

/** Documents of one activity: far more than any batch has. */
const IDS = list(text({ min: 1, max: 200 }), { min: 0, max: 10 * MAX_BATCH });
const FAILURES = list(fields({ id: text({ min: 1, max: 200 }) }), { min: 0, max: 10 * MAX_BATCH });

const LINES = list(text({ min: 0, max: 2_000 }), { min: 0, max: 100 });
const READING = fields({ storage: fields({}), queue: fields({}) });
const VERDICT = fields({ state: text({ min: 1, max: 100 }), reasons: LINES, notes: LINES });

const RULES = {
  fetchDocuments: fields({
    batches: list(IDS, { min: 0, max: 100 }),
    discovered: COUNT,
    backlog: optional(fields({ due: COUNT, openSlices: COUNT })),
  }),
  uploadDocuments: fields({
    uploaded: IDS,
    unchanged: IDS,
    failures: FAILURES,
    left: IDS,
    lost: IDS,
    bytes: amount,
    waitMs: optional(amount),
    endedAt: optional(text({ min: 0, max: 100 })),
  }),
  enqueueDocuments: fields({ queued: COUNT, requeued: COUNT, lost: IDS }),
  openBackfill: fields({ run: RUN, objects: optional(amount) }),
  backfillChunk: (value, path) =>
    fields({ outcome: oneOf('done', 'already_done', 'timed_out') })(value, path) ??
    (isTimedOut(value) ? undefined : fields({ run: RUN })(value, path)),
  measureCoherence: (value, path) =>
    fields({ outcome: oneOf('measured', 'timed_out') })(value, path) ??
    (isTimedOut(value) ? undefined : fields({ reading: READING, verdict: VERDICT })(value, path)),
} satisfies Record<string, Rule>;

function isTimedOut(value: unknown): boolean {
  return (value as { readonly outcome?: unknown }).outcome === 'timed_out';
}

/** @throws ApplicationFailure `INTERNAL`, as if the activity had failed permanently */
export function checkResult<T>(activity: keyof typeof RULES, result: T): T {
  const problem = RULES[activity](result, 'result');
  if (problem === undefined) return result;
  const details: FailureDetails = { at: new Date().toISOString() };
  throw ApplicationFailure.create({
    type: 'INTERNAL',
    message: `${activity} was completed by hand with a wrong result: ${problem}`,
    nonRetryable: true,
    details: [details],
  });
}
