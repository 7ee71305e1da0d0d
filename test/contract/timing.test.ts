import {
  CHUNK,
  CONSULTS,
  LANES,
  MAX_ACTIVITIES,
  PRIORITY,
  RANK,
  URGENT_RANK,
} from '../../src/contract/limits.ts';
import {
  ACTIVITY,
  BACKOFF,
  HEARTBEAT,
  LEGIFRANCE_ATTEMPTS,
  LEGIFRANCE_REQUEST_MS,
  SLICE_LEASE_SECONDS,
  SLICE_RETRY,
  STATEMENT_MS,
  SUPABASE_REQUEST_MS,
} from '../../src/contract/timing.ts';

const ascending = (...values: readonly number[]): void => {
  expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
};

describe('the deadlines', () => {
  it('contain each other: statement, request, activity', () => {
    ascending(STATEMENT_MS, SUPABASE_REQUEST_MS, ACTIVITY.requestMs);
    ascending(2 * SUPABASE_REQUEST_MS, ACTIVITY.twoRequestsMs);
    ascending(LEGIFRANCE_REQUEST_MS, ACTIVITY.collectMs);
  });

  it('leave room for two lost heartbeats', () => {
    ascending(HEARTBEAT.everyMs, HEARTBEAT.throttleMs, HEARTBEAT.timeoutMs);
    expect(2 * HEARTBEAT.throttleMs).toBeLessThan(HEARTBEAT.timeoutMs);
  });

  it('let a lane keep its slice during all attempts of a request', () => {
    ascending(LEGIFRANCE_ATTEMPTS * LEGIFRANCE_REQUEST_MS, SLICE_LEASE_SECONDS * 1_000);
  });

  it('park a failing slice after about half an hour', () => {
    const delays = Array.from({ length: SLICE_RETRY.attempts - 1 }, (_, n) =>
      Math.min(SLICE_RETRY.firstSeconds * 2 ** n, SLICE_RETRY.lastSeconds),
    );
    const minutes = delays.reduce((sum, delay) => sum + delay, 0) / 60;
    expect(minutes).toBeGreaterThan(25);
    expect(minutes).toBeLessThan(45);
  });

  it('begin retries soon and end with an interval that notices the end of an outage', () => {
    ascending(BACKOFF.firstMs, BACKOFF.lastMs);
    expect(BACKOFF.lastMs).toBeLessThanOrEqual(SLICE_RETRY.lastSeconds * 1_000);
  });
});

describe('the limits', () => {
  it('have their defaults within their bounds', () => {
    for (const { min, max, default: preset } of [LANES, CONSULTS, CHUNK]) ascending(min, preset, max);
    expect(CHUNK.smallest).toBeLessThan(CHUNK.min);
  });

  it('let one worker run all lanes of two collections', () => {
    expect(MAX_ACTIVITIES).toBeGreaterThan(2 * LANES.max);
  });

  it('serve MAINTENANCE before MASSIVE, and give the reserve to it alone', () => {
    ascending(PRIORITY.maintenance, PRIORITY.coherence, PRIORITY.massive, PRIORITY.backfill);
    ascending(RANK.maintenanceListing, RANK.maintenanceDocument, RANK.massiveListing, RANK.massiveDocument);
    ascending(RANK.maintenanceDocument, URGENT_RANK + 0.5, RANK.massiveListing);
  });
});
