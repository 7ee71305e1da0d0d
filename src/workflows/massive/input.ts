import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import type { MassiveInput } from '../../contract/collecting.ts';
import { LANES, MAX_REASON_CHARACTERS } from '../../contract/limits.ts';
import { massiveWorkflowId } from '../../contract/names.ts';
import { amount, checkInput, collectionName, fields, flag, optional, text, wholeNumber } from '../input.ts';

const COUNT = wholeNumber({ min: 0 });
const SHORT = text({ min: 0, max: 2_000 });

/**
 * @throws ApplicationFailure `CONFIG_INVALID` if a field is wrong, or if the workflow has the id of
 * another collection: two workflows would collect the same one
 */
export function checkMassiveInput(input: MassiveInput): void {
  checkInput(input, {
    collection: collectionName,
    controls: fields({ paused: flag, lanes: wholeNumber(LANES) }),
    pauseReason: optional(text({ min: 0, max: MAX_REASON_CHARACTERS })),
    totals: optional(
      fields({
        batches: COUNT,
        discovered: COUNT,
        uploaded: COUNT,
        unchanged: COUNT,
        queued: COUNT,
        requeued: COUNT,
        failedAttempts: COUNT,
        bytes: amount,
      }),
    ),
    pass: optional(COUNT),
    sequence: optional(COUNT),
    runs: optional(COUNT),
    holdUp: optional(fields({ code: SHORT, message: SHORT, at: SHORT, since: SHORT, nextTry: SHORT })),
    maxEvents: optional(wholeNumber({ min: 1 })),
  });
  const [wanted, is] = [massiveWorkflowId(input.collection), workflowInfo().workflowId];
  if (is === wanted) return;
  throw ApplicationFailure.nonRetryable(
    `MASSIVE of ${input.collection} must have the workflow id ${wanted}; it is ${is}. Start it with ` +
      `\`legisync massive start ${input.collection}\`.`,
    'CONFIG_INVALID',
  );
}
