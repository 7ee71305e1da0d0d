import type { BackfillSettings } from '../../src/commands/backfill/options.ts';
import type { BackfillPlan, BackfillRun } from '../../src/contract/backfill.ts';

/** The settings that a backfill reads. */
export const SETTINGS: BackfillSettings = {
  backfill: { chunk: 50_000 },
  coherence: { graceSeconds: 900 },
};

/** A run that queued everything. */
export const COMPLETED: BackfillRun = {
  id: 7,
  bucket: 'raw',
  kind: 'queue',
  prefix: '',
  finished: false,
  before: null,
  state: 'completed',
  phase: 'end',
  position: '',
  chunks: 5,
  scanned: 20_010,
  queued: 20_000,
  caughtUp: 3,
  sized: 0,
  missing: 0,
  inFlight: 4,
  heldByOtherBucket: 2,
  skipped: 10,
  startedAt: '2026-11-24T08:00:00.000Z',
  busySeconds: 2.5,
  seconds: 2.54,
};

/** The counts of a bucket before a run. */
export const PLAN: BackfillPlan = {
  objects: 1_400_000,
  files: 1_383_227,
  missing: 1_000_000,
  missingBytes: 105e9,
  heldByOtherBucket: 0,
  rows: 400_000,
  withoutSize: 500,
};
