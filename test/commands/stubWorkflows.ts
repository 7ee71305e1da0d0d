import {
  ApplicationFailure,
  condition,
  defineQuery,
  defineUpdate,
  proxyActivities,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type {
  MaintenanceInput,
  MaintenanceResult,
  MassiveInput,
  MassiveProgress,
} from '../../src/contract/collecting.ts';
import { NO_TOTALS } from '../../src/contract/collecting.ts';

const { request } = proxyActivities<{ request: () => Promise<void> }>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '5 minutes' },
});
const stateKey = defineSearchAttributeKey('LegisyncState', SearchAttributeType.KEYWORD);

/**
 * Answers like the real workflow, but does nothing. It refuses 13 lanes, as an example of a refusal
 * by the workflow. With 11 lanes it never ends, even after a stop. A pause with the reason `outage`
 * takes effect, but is never confirmed. Started with 12 lanes, its workflow tasks fail.
 * With 14, it runs the activity `request`, which is retried after five minutes; then pass 2 begins.
 */
export async function collectMassive(input: MassiveInput): Promise<MassiveProgress> {
  let { controls } = input;
  failTaskAt(controls.lanes);
  let stopping = false;
  let pass = 1;
  if (controls.lanes === 14) void request().then(() => (pass = 2));
  let pauseReason = '';
  const progress = (): MassiveProgress => ({
    collection: input.collection,
    state: stopping ? 'stopping' : controls.paused ? 'paused' : 'collecting',
    controls,
    pass,
    busy: 0,
    totals: NO_TOTALS,
    rate: null,
    backlog: null,
    secondsLeft: null,
    runs: 1,
    pauseReason,
    holdUp: null,
  });
  setHandler(defineQuery<MassiveProgress>('progress'), progress);
  setHandler(defineUpdate<MassiveProgress, [{ reason?: string }]>('pause'), async ({ reason }) => {
    controls = { ...controls, paused: true };
    pauseReason = reason ?? '';
    if (reason === 'outage') await condition(() => false);
    return progress();
  });
  setHandler(defineUpdate<MassiveProgress>('resume'), () => {
    controls = { ...controls, paused: false };
    pauseReason = '';
    return progress();
  });
  setHandler(
    defineUpdate<MassiveProgress, [number]>('setLanes'),
    (lanes) => {
      controls = { ...controls, lanes };
      return progress();
    },
    {
      validator: (lanes) => {
        if (lanes === 13) throw ApplicationFailure.create({ message: '13 lanes are refused' });
      },
    },
  );
  setHandler(defineUpdate<MassiveProgress>('stop'), () => {
    stopping = true;
    upsertSearchAttributes([{ key: stateKey, value: 'stopping' }]);
    return progress();
  });
  await condition(() => stopping && controls.lanes !== 11);
  return { ...progress(), state: 'stopped' };
}

/**
 * Succeeds at once, fails like an activity (limit 66), ends early (limit 77), or waits for a day
 * (limit 99). With limit 12, its workflow tasks fail.
 */
export async function collectMaintenance(input: MaintenanceInput): Promise<MaintenanceResult> {
  if (input.limit === 66) {
    const message = `The key of ${workflowInfo().workflowId} was refused.`;
    throw ApplicationFailure.create({ type: 'SUPABASE_CREDENTIALS', message, nonRetryable: true });
  }
  failTaskAt(input.limit);
  if (input.limit === 99) await sleep('1 day');
  return {
    collection: input.collection,
    totals: { ...NO_TOTALS, queued: input.limit, unchanged: 2 },
    quotaSpent: false,
    problem:
      input.limit === 77
        ? { code: 'STORAGE_BUSY', message: 'Storage answered 503', at: '2026-11-27T08:00:00.000Z' }
        : undefined,
  };
}

/** Fails the workflow task, not the workflow: only an ApplicationFailure fails the workflow. */
function failTaskAt(value: number): void {
  if (value === 12) throw new Error('12 is a bug of this version');
}
