import { ApplicationFailure, CancellationScope, defineUpdate, setHandler } from '@temporalio/workflow';
import type { Controls, MassiveProgress } from '../../contract/collecting.ts';
import { UPDATES } from '../../contract/names.ts';
import { LANES } from '../../contract/limits.ts';
import { wholeNumber } from '../input.ts';
import { registerPauseHandlers } from '../pausing.ts';
import { saveControls } from '../proxies.ts';

const setLanesUpdate = defineUpdate<MassiveProgress, [number]>(UPDATES.setLanes);
const stopUpdate = defineUpdate<MassiveProgress>(UPDATES.stop);

/** What the operator has set. */
export interface OperatorState {
  controls: Controls;
  pauseReason: string;
  stopping: boolean;
}

interface Listener {
  /** Called after each Update has changed the state, and before the settings are saved. */
  readonly onUpdate: () => void;
  /** The answer to each Update. */
  readonly answer: () => MassiveProgress;
}

/** Initial state: the given settings, nothing stopping. */
export function initialOperatorState(controls: Controls, pauseReason = ''): OperatorState {
  return { controls, pauseReason, stopping: false };
}

/**
 * Registers the Updates of `collectMassive`, which change `operator`.
 *
 * An Update may arrive before the run starts. Its handler then runs within this call, so everything
 * that `listener` uses must exist before.
 *
 * Settings are saved to Postgres before the Update is answered. Saves run one after the other, and
 * each saves the latest settings. So two concurrent Updates cannot be saved in the wrong order.
 */
export function registerUpdateHandlers(
  collection: string,
  operator: OperatorState,
  listener: Listener,
): void {
  let saved: Promise<unknown> = Promise.resolve();

  const apply = async (change: Partial<Controls>): Promise<MassiveProgress> => {
    operator.controls = { ...operator.controls, ...change };
    listener.onUpdate();
    const summary = 'Save the operator’s settings';
    const save = (): Promise<void> =>
      CancellationScope.nonCancellable(() =>
        saveControls.executeWithOptions({ summary }, [collection, operator.controls]),
      );
    const mine = saved.then(save, save);
    saved = mine;
    await mine;
    return listener.answer();
  };

  registerPauseHandlers<MassiveProgress>({
    pause(reason) {
      operator.pauseReason = reason;
      return apply({ paused: true });
    },
    resume() {
      operator.pauseReason = '';
      return apply({ paused: false });
    },
  });
  setHandler(setLanesUpdate, (lanes) => apply({ lanes }), {
    validator: checkLanes,
    description: `Sets the number of lanes, ${LANES.min} to ${LANES.max}.`,
  });
  setHandler(
    stopUpdate,
    () => {
      operator.stopping = true;
      listener.onUpdate();
      return listener.answer();
    },
    { description: 'Ends the collection: what is uploaded is queued, the rest is left for the next start.' },
  );
}

/** Refuses a number of lanes that is out of bounds, before the Update enters the history. */
function checkLanes(lanes: unknown): void {
  const problem = wholeNumber(LANES)(lanes, 'The number of lanes');
  if (problem !== undefined) throw ApplicationFailure.nonRetryable(problem, 'CONFIG_INVALID');
}
