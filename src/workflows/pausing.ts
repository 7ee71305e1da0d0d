import { ApplicationFailure, defineUpdate, setHandler } from '@temporalio/workflow';
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

/** In characters. The Web UI shows the reason in the details of the workflow, which hold 20 KB. */
const MAX_REASON = 200;

/** Refuses a reason that is too long or not a text, before the Update enters the history. */
function checkReason(options?: { readonly reason?: unknown } | null): void {
  const reason = options?.reason ?? '';
  if (typeof reason === 'string' && reason.length <= MAX_REASON) return;
  throw ApplicationFailure.nonRetryable(
    `A reason is a text of at most ${MAX_REASON} characters: {"reason": "…"}.`,
    'CONFIG_INVALID',
  );
}
