import { runSwarm } from '../support/claimSwarm.ts';
import { openStack, type TestStack } from '../support/stack.ts';

const ROWS = 50_000;

let stack: TestStack;

beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.close());

describe('Workers that claim, and Workers that poll', () => {
  it('work each row once, though one is killed with its claims and a zombie completes what others have', async () => {
    const { byKind, ...end } = await runSwarm(stack, ROWS);
    expect(end).toEqual({
      worked: [[1, ROWS]],
      doomed: { claimed: 500, workedByOthers: 500 },
      zombie: { completed: 0, refused: 200 },
      unfinished: 0,
      openClaims: 0,
    });
    // All had a part in it.
    expect(byKind.claimers).toBeGreaterThan(ROWS / 10);
    expect(byKind.pollers).toBeGreaterThan(0);
  }, 300_000);
});
