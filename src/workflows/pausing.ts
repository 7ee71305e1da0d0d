import { ApplicationFailure, defineUpdate, setHandler } from '@temporalio/workflow';
import { MAX_REASON_CHARACTERS } from '../contract/limits.ts';
import { UPDATES } from '../contract/names.ts';
import { fields, optional, text } from './input.ts';

interface PauseOptions {
  readonly reason?: string;
}

interface PauseHandlers<Progress> {
  /** `reason` is '' if the operator gave none. */
  readonly pause: (reason: string) => Progress | Promise<Progress>;
  readonly resume: () => Progress | Promise<Progress>;
}

/** Registers the Updates `pause` and `resume`, which answer with the progress of the workflow. */
export function registerPauseHandlers<Progress>({ pause, resume }: PauseHandlers<Progress>): void {
  setHandler(
    defineUpdate<Progress, [(PauseOptions | null)?]>(UPDATES.pause),
    (options) => pause(options?.reason ?? ''),
    {
      validator: checkReason,
      description: 'Begins nothing new until `resume`. Optional argument: {"reason": "…"}.',
    },
  );
  setHandler(defineUpdate<Progress>(UPDATES.resume), resume, { description: 'Ends a pause.' });
}

/** Refuses what is no reason, before the Update enters the history. */
function checkReason(options?: unknown): void {
  const problem = optional(fields({ reason: optional(text({ min: 0, max: MAX_REASON_CHARACTERS })) }))(
    options,
    'The argument of `pause`',
  );
  if (problem === undefined) return;
  throw ApplicationFailure.nonRetryable(`${problem}. Example: {"reason": "an upgrade"}`, 'CONFIG_INVALID');
}
