import { ApplicationFailure, defineUpdate, setHandler } from '@temporalio/workflow';
import { MAX_REASON_CHARACTERS } from '../contract/limits.ts';
import { UPDATES } from '../contract/names.ts';

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
    { validator: checkReason },
  );
  setHandler(defineUpdate<Progress>(UPDATES.resume), resume);
}

/** Refuses a reason that is too long or not a text, before the Update enters the history. */
function checkReason(options?: { readonly reason?: unknown } | null): void {
  const reason = options?.reason ?? '';
  if (typeof reason === 'string' && reason.length <= MAX_REASON_CHARACTERS) return;
  throw ApplicationFailure.nonRetryable(
    `A reason is a text of at most ${MAX_REASON_CHARACTERS} characters: {"reason": "…"}.`,
    'CONFIG_INVALID',
  );
}
