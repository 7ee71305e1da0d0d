import { ApplicationFailure, CancellationScope, defineUpdate, setHandler } from '@temporalio/workflow';
import { LANES, type Controls, type MassiveProgress } from '../contract/collecting.ts';
import { UPDATES } from '../contract/names.ts';
import { saveControls } from './proxies.ts';

const pauseUpdate = defineUpdate<MassiveProgress, [({ readonly reason?: string } | null)?]>(UPDATES.pause);
const resumeUpdate = defineUpdate<MassiveProgress>(UPDATES.resume);
const setConcurrencyUpdate = defineUpdate<MassiveProgress, [number]>(UPDATES.setConcurrency);
const stopUpdate = defineUpdate<MassiveProgress>(UPDATES.stop);

/** What the operator wants, as of now. */
export interface Operator {
  controls: Controls;
  pauseReason: string;
  stopping: boolean;
}

interface Listener {
  /** Called after each word, before it is kept. */
  readonly onUpdate: () => void;
  /** What each Update answers. */
  readonly answer: () => MassiveProgress;
}

/** An operator who has said nothing yet. */
export function initialOperatorState(controls: Controls, pauseReason = ''): Operator {
  return { controls, pauseReason, stopping: false };
}

/**
 * Registers the operator's verbs, which change `operator`. A word may have come before the run began, and is obeyed
 * within this call: all that the listener needs must be there before. What they set is kept in Postgres before it is answered: one write after the other,
 * always the latest, so that two words at once cannot be kept in the wrong order.
 */
export function registerUpdateHandlers(collection: string, operator: Operator, listener: Listener): void {
  let saved: Promise<unknown> = Promise.resolve();

  const obey = async (change: Partial<Controls>): Promise<MassiveProgress> => {
    operator.controls = { ...operator.controls, ...change };
    listener.onUpdate();
    const summary = 'What the operator set, to Postgres';
    const save = (): Promise<void> =>
      CancellationScope.nonCancellable(() =>
        saveControls.executeWithOptions({ summary }, [collection, operator.controls]),
      );
    const mine = saved.then(save, save);
    saved = mine;
    await mine;
    return listener.answer();
  };

  setHandler(
    pauseUpdate,
    (options) => {
      operator.pauseReason = options?.reason ?? '';
      return obey({ paused: true });
    },
    { validator: checkReason },
  );
  setHandler(resumeUpdate, () => {
    operator.pauseReason = '';
    return obey({ paused: false });
  });
  setHandler(setConcurrencyUpdate, (lanes) => obey({ lanes }), { validator: checkLanes });
  setHandler(stopUpdate, () => {
    operator.stopping = true;
    listener.onUpdate();
    return listener.answer();
  });
}

/** The details of a workflow hold 20 KB, and a reason is a line. */
const MAX_REASON = 200;

/** Refuses a reason that is too long, or no text, before it enters the history. */
export function checkReason(options?: { readonly reason?: unknown } | null): void {
  const reason = options?.reason ?? '';
  if (typeof reason === 'string' && reason.length <= MAX_REASON) return;
  throw ApplicationFailure.nonRetryable(
    `A reason is a text of at most ${MAX_REASON} characters: {"reason": "…"}.`,
    'CONFIG_INVALID',
  );
}

/** Refuses a bad number before it enters the history. */
function checkLanes(lanes: number): void {
  if (Number.isInteger(lanes) && lanes >= LANES.min && lanes <= LANES.max) return;
  throw ApplicationFailure.nonRetryable(
    `Concurrency ${String(lanes)} is not a whole number from ${LANES.min} to ${LANES.max}.`,
    'CONFIG_INVALID',
  );
}
