import { FAULTS, isKill, planFaults, type PlannedFault, type Port } from '../../bench/soak/faultPlan.ts';
import { LEDGER, type Finding, type LedgerEntry } from '../../bench/soak/ledger.ts';
import { parseSoakArgs } from '../../bench/soak/options.ts';
import { courseOf, type Life } from '../../bench/soak/series.ts';
import { verdictOf, type Evidence } from '../../bench/soak/verdict.ts';
import { slope, slopePercent } from '../../bench/support/figures.ts';

describe('the slope of a series', () => {
  it('is that of the line through its points', () => {
    expect(slope([1, 2, 5, 9].map((x) => ({ x, y: 3 * x - 7 })))).toBeCloseTo(3);
    expect(slopePercent([10, 11, 12])).toBeCloseTo(100 / 11);
  });

  it('is that of the least-squares line, if the points are not on a line', () => {
    expect(slope([0, 1, 2, 3].map((x) => ({ x, y: x % 2 === 0 ? x : x + 2 })))).toBeCloseTo(1.4);
  });

  it('is 0 for fewer than two points, and for points at the same moment', () => {
    expect(slope([])).toBe(0);
    expect(slope([{ x: 1, y: 5 }])).toBe(0);
    expect(slope([1, 9].map((y) => ({ x: 1, y })))).toBe(0);
  });
});

describe('the course of a process', () => {
  /** A life that samples memory each minute; handles and threads are constant. */
  const life = (pid: number, residentMb: readonly number[], from = 0): Life => ({
    pid,
    samples: residentMb.map((mb, minute) => ({
      atSeconds: from + minute * 60,
      residentMb: mb,
      handles: 20,
      threads: 7,
    })),
  });

  it('is measured over the second half of the longest life, in MB an hour', () => {
    // Warm-up by 100 MB, then 1 MB a minute.
    const lives = [life(1, [500, 900]), life(2, [100, 200, 201, 202, 203, 204, 205], 120)];
    expect(courseOf('worker', lives)).toEqual({
      part: 'worker',
      lives: 2,
      seconds: 360,
      residentMb: { start: 100, end: 205, max: 205, perHour: 60 },
      handles: { start: 20, end: 20, max: 20, perHour: 0 },
      threads: { start: 7, end: 7, max: 7, perHour: 0 },
    });
  });

  it('keeps a maximum before the end', () => {
    expect(courseOf('worker', [life(1, [100, 300, 120])])?.residentMb).toMatchObject({ end: 120, max: 300 });
  });

  it('is unknown without a sample', () => {
    expect(courseOf('worker', [])).toBeUndefined();
    expect(courseOf('worker', [life(1, [])])).toBeUndefined();
  });
});

describe('the plan of faults', () => {
  const SECONDS = 1_800;
  const SEEDS = Array.from({ length: 50 }, (_, n) => n);
  const endOf = (fault: PlannedFault | undefined): number => (fault?.atSeconds ?? 0) + (fault?.seconds ?? 0);

  it('is the same for the same seed, and another one for another seed', () => {
    expect(planFaults(7, SECONDS)).toEqual(planFaults(7, SECONDS));
    expect(planFaults(7, SECONDS)).not.toEqual(planFaults(8, SECONDS));
  });

  it('has one fault at a time, within the run', () => {
    for (const seed of SEEDS) {
      const plan = planFaults(seed, SECONDS);
      expect(plan.length).toBeGreaterThan(SECONDS / 30);
      const early = plan.filter(
        ({ atSeconds }, index) => atSeconds < (index === 0 ? 1 : endOf(plan[index - 1])),
      );
      expect({ seed, early, inTime: endOf(plan.at(-1)) < SECONDS }).toEqual({
        seed,
        early: [],
        inTime: true,
      });
    }
  });

  it('ends no process in the first half, and every kind of process in the second', () => {
    for (const seed of SEEDS) {
      const kills = planFaults(seed, SECONDS).filter(isKill);
      const early = kills.filter(({ atSeconds }) => atSeconds < SECONDS / 2);
      const ports = [...new Set(kills.map(({ port }) => port))].sort();
      expect({ seed, early, ports }).toEqual({ seed, early: [], ports: ['postgres', 'temporal', 'worker'] });
    }
  });

  // The supervisor gives up if a part ends more than five times in a minute.
  it('ends a process at most three times in any minute', () => {
    for (const seed of SEEDS) {
      const kills = planFaults(seed, SECONDS).filter(isKill);
      const counts = kills.map(
        ({ port, atSeconds }) =>
          kills.filter(
            (kill) => kill.port === port && kill.atSeconds >= atSeconds && kill.atSeconds < atSeconds + 60,
          ).length,
      );
      expect({ seed, tooMany: counts.filter((count) => count > 3) }).toEqual({ seed, tooMany: [] });
    }
  });

  it('reaches every port with every kind of fault', () => {
    const found = new Set(
      SEEDS.flatMap((seed) => planFaults(seed, SECONDS)).map((one) => `${one.port} ${one.kind}`),
    );
    const all = (Object.keys(FAULTS) as Port[]).flatMap((port) =>
      FAULTS[port].map((kind) => `${port} ${kind}`),
    );
    expect([...found].sort()).toEqual(all.sort());
  });
});

describe('the verdict', () => {
  const entries = Object.keys(LEDGER) as LedgerEntry[];
  const nothing: Finding = { count: 0, examples: [] };
  const clean: Evidence = {
    ledger: Object.fromEntries(entries.map((entry) => [entry, nothing])) as Record<LedgerEntry, Finding>,
    quota: { limit: 40, maxInAnySecond: 40 },
    stored: 1,
  };

  it('is clean if nothing was found', () => {
    expect(verdictOf(clean)).toEqual({ clean: true, problems: [] });
  });

  it.each(entries)('is not clean if anything is %s, and names it', (entry) => {
    const ledger = { ...clean.ledger, [entry]: { count: 7, examples: ['a.json', 'b.json'] } };
    const { clean: isClean, problems } = verdictOf({ ...clean, ledger });
    expect(isClean).toBe(false);
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${entry}: 7 .*a\\.json, b\\.json`))]);
  });

  it('is not clean above the quota, beyond what a stalled simulator explains', () => {
    expect(verdictOf({ ...clean, quota: { limit: 40, maxInAnySecond: 50 } }).clean).toBe(true);
    expect(verdictOf({ ...clean, quota: { limit: 40, maxInAnySecond: 51 } })).toMatchObject({
      clean: false,
      problems: ['quota: 51 requests in one second, 40 are allowed'],
    });
  });

  it('is not clean if nothing was collected', () => {
    expect(verdictOf({ ...clean, stored: 0 }).clean).toBe(false);
  });
});

describe('the command line', () => {
  it('reads all options', () => {
    const args = ['--minutes', '3', '--seed', '7', '--json', '--logs', 'out'];
    expect(parseSoakArgs(args)).toEqual({ minutes: 3, seed: 7, json: true, logs: 'out' });
  });

  it('draws a seed, and runs for ten minutes', () => {
    const options = parseSoakArgs([]);
    expect(options).toMatchObject({ minutes: 10, json: false, logs: undefined });
    expect(Number.isInteger(options.seed)).toBe(true);
  });

  it.each([
    [['--minutes', '0'], '--minutes 0: it must be a whole number from 1 to 1440'],
    [['--minutes', '2.5'], '--minutes 2.5: it must be a whole number'],
    [['--seed', 'x'], '--seed x: it must be a whole number'],
    [['--minute', '2'], "Unknown option '--minute'"],
  ])('refuses %j', (args, message) => {
    expect(() => parseSoakArgs(args)).toThrow(message);
  });
});
