import { runSwarm } from '../support/claimSwarm.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

const ROWS = 50_000;

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
});
afterAll(() => stack.close());

describe('Workers that claim, and Workers that poll', () => {
  it('process each row once, though one is killed with its claims and one completes what others have claimed since', async () => {
    const { byKind, ...end } = await runSwarm(stack, ROWS);
    expect(end).toEqual({
      worked: [[1, ROWS]],
      doomed: { claimed: 500, workedByOthers: 500 },
      zombie: { completed: 0, refused: 200 },
      unfinished: 0,
      openClaims: 0,
    });
    // Both kinds have processed rows.
    expect(byKind.claimers).toBeGreaterThan(0);
    expect(byKind.pollers).toBeGreaterThan(0);
  }, 300_000);
});
