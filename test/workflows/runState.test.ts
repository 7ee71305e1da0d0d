import type { MassiveInput, Problem } from '../../src/contract/collecting.ts';
import { RunState, type ReadyBatch } from '../../src/workflows/massive/state.ts';

const INPUT: MassiveInput = { collection: 'codes', controls: { paused: false, lanes: 4 } };
const MINUTE_MS = 60_000;

function problem(code: string): Problem {
  return { code, message: 'a test', at: '2026-11-27T12:00:00.000Z' };
}
const OUTAGE = problem('STORAGE_BUSY');

function batch(sequence: number): ReadyBatch {
  return { ref: { collection: 'codes', workflow: 'massive:codes', run: 'r', sequence }, ids: ['x'] };
}

function stateWith(...sequences: number[]): RunState {
  const state = new RunState(INPUT);
  state.ready.push(...sequences.map(batch));
  return state;
}

const taken = (state: RunState): number | undefined => state.takeReady()?.ref.sequence;

describe('the state of a MASSIVE run', () => {
  it('gives the lanes its batches in the order of their numbers', () => {
    const state = stateWith(1, 2);
    expect([taken(state), taken(state), taken(state)]).toEqual([1, 2, undefined]);
    expect(state.busy).toBe(2);
  });

  it('lets nothing begin while it rests after a problem, and then one batch at a time', () => {
    const state = stateWith(1, 2, 3);
    state.rest(OUTAGE, 10_000);
    expect(state).toMatchObject({ restMs: 10_000, isOpen: false });
    expect(taken(state)).toBeUndefined();

    state.restMs = 0;
    const probe = state.takeReady();
    expect(probe?.ref.sequence).toBe(1);
    expect(taken(state)).toBeUndefined();
    expect(state.isOpen).toBe(false);
    if (probe !== undefined) state.ended(probe);
    expect(taken(state)).toBe(2);
  });

  it('lets a batch try although another one, which began before the problem, does not end', () => {
    const state = stateWith(1, 2);
    expect(taken(state)).toBe(1);
    state.rest(OUTAGE, 10_000);
    state.tryNow();
    expect(taken(state)).toBe(2);
  });

  it('opens for all lanes as soon as any batch succeeds, also in the middle of a rest', () => {
    const state = stateWith(1, 2);
    state.rest(OUTAGE, 10_000);
    state.succeeded();
    expect(state).toMatchObject({ holdUp: null, restMs: 0 });
    expect([taken(state), taken(state)]).toEqual([1, 2]);
  });

  it('tries at once after an Update, and looks for documents again', () => {
    const state = stateWith(1);
    state.rest(OUTAGE, 10_000);
    state.tryNow();
    expect(state).toMatchObject({ restMs: 0, recheck: true, holdUp: { code: 'STORAGE_BUSY' } });
    expect(taken(state)).toBe(1);
  });

  it('doubles rests up to a minute, once for all lanes that report the same problem', () => {
    const state = stateWith();
    const rests: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      for (let lane = 0; lane < 4; lane += 1) state.rest(OUTAGE, 10_000);
      rests.push(state.restMs);
      state.restMs = 0;
    }
    expect(rests).toEqual([10_000, 20_000, 40_000, MINUTE_MS, MINUTE_MS]);
    state.succeeded();
    state.rest(OUTAGE, 10_000);
    expect(state.restMs).toBe(10_000);
  });

  it('rests as long as a failure asks for, but 15 minutes at most for the quota, and a day in any case', () => {
    const rested = (reported: Problem, waitMs: number): number => {
      const state = stateWith();
      state.rest(reported, waitMs);
      const { at = '', nextTry = '' } = state.holdUp ?? {};
      expect(Date.parse(nextTry) - Date.parse(at)).toBe(state.restMs);
      return state.restMs;
    };
    expect(rested(OUTAGE, 30 * MINUTE_MS)).toBe(30 * MINUTE_MS);
    expect(rested(problem('QUOTA_SPENT'), 30 * MINUTE_MS)).toBe(15 * MINUTE_MS);
    expect(rested(OUTAGE, 1e12)).toBe(24 * 60 * MINUTE_MS);
  });

  it('continues with the figures and the hold-up of the run before', () => {
    const first = stateWith();
    first.rest(OUTAGE, 10_000);
    const next = new RunState({ ...INPUT, pass: 3, sequence: 70, holdUp: first.holdUp });
    expect(next).toMatchObject({ pass: 3, sequence: 70, holdUp: { code: 'STORAGE_BUSY' }, restMs: 0 });
  });
});
