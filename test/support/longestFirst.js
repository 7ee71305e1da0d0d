/**
 * The longest test files of the suite, about the longest first. A long file that begins last runs
 * alone, with a core idle. The order is kept here because a fresh clone has no durations of earlier
 * runs.
 */
const LONGEST = [
  'endToEnd/canary',
  'durability/kill',
  'durability/sigterm',
  'workflows/massive',
  'workflows/upgrade',
  'endToEnd/start',
  'activities/search',
  'durability/backfill',
  'commands/matrix',
  'commands/workers',
  'health/worker',
  'commands/secureTemporal',
  'workflows/backfill',
  'commands/massiveWaits',
  'local/postgres',
  'workflows/continueAsNew',
  'workflows/messages',
  'workflows/activityButtons',
  'workflows/replay',
  'workflows/history',
  'workflows/coherence',
  'workflows/heldUp',
  'workflows/inputs',
  'commands/backfillControl',
  'tools/sqlMigration',
  'activities/unavailable',
  'commands/stopping',
  'durability/backfillBesideMassive',
  'commands/commandLine',
  'supabase/preflightOddTables',
  'supabase/preflightObstacles',
  'commands/status',
  'supabase/claimSwarm',
  'supabase/plans',
  'commands/stuck',
  'workflows/maintenance',
  'commands/connection',
  'workflows/backfillPaused',
  'observability/worker',
  'repository/interrupt',
].map((name) => `/test/${name}.test.ts`);

const place = ({ path }) => {
  const index = LONGEST.findIndex((name) => path.endsWith(name));
  return index === -1 ? LONGEST.length : index;
};

/** Jest's interface of a sequencer. All other files follow in the order of their paths. */
export default class LongestFirst {
  sort(tests) {
    return [...tests].sort((a, b) => place(a) - place(b) || a.path.localeCompare(b.path));
  }

  shard(tests) {
    return tests;
  }

  /** For `--onlyFailures`: jest's own sequencer remembers them, this one does not. */
  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {}
}
