import { z } from 'zod';
import { LegisyncError } from '../contract/failures.ts';
import {
  BACKFILL_PHASES,
  type BackfillChunkInput,
  type BackfillChunkResult,
  type BackfillPlan,
  type BackfillRun,
  type OpenBackfillInput,
} from '../contract/backfill.ts';
import { ALL_AT_ONCE_LIMIT } from '../contract/limits.ts';
import type { Rpc } from './rpc.ts';

const count = z.int().nonnegative();
const phase = z.enum(BACKFILL_PHASES);
const run = z.object({
  id: z.int(),
  bucket: z.string(),
  kind: z.enum(['queue', 'sizes']),
  prefix: z.string(),
  finished: z.boolean(),
  before: z.string().nullable(),
  state: z.enum(['running', 'completed', 'abandoned']),
  phase,
  position: z.string(),
  chunks: count,
  scanned: count,
  queued: count,
  caughtUp: count,
  sized: count,
  missing: count,
  inFlight: count,
  heldByOtherBucket: count,
  skipped: count,
  startedAt: z.string(),
  busySeconds: z.number(),
  seconds: z.number(),
});
const opened = z.union([
  z.object({ run }),
  z.object({ refused: z.literal('unfinished'), unfinished: run }),
  z.object({ refused: z.enum(['nothing unfinished', 'too many files', 'no such bucket']) }),
]);
const chunk = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('done'),
    phase,
    scanned: count,
    changed: count,
    seconds: z.number(),
    run,
  }),
  z.object({ outcome: z.literal('already_done'), run }),
  z.object({ outcome: z.literal('busy') }),
  z.object({ outcome: z.literal('gone') }),
]);
const plan = z.object({
  objects: count,
  files: count,
  missing: count,
  missingBytes: count,
  heldByOtherBucket: count,
  rows: count,
  withoutSize: count,
});

/**
 * Backfill runs, through RPC functions. Each call is one transaction and may be repeated. Throws
 * `LegisyncError`.
 */
export interface Backfill {
  /**
   * Begins a run, or resumes the unfinished one.
   *
   * @throws LegisyncError `BACKFILL_REFUSED` if `start` does not fit the state of the last run, if
   * there is no such bucket, or if it has too many files for one transaction
   */
  open(input: OpenBackfillInput): Promise<BackfillRun>;
  /**
   * The next `size` files of a run, in one transaction. Up to 30 s.
   *
   * @throws LegisyncError `DATABASE_BUSY` while another call works on the same run,
   * `DATABASE_TIMEOUT` if the database cancelled it, and `BACKFILL_REFUSED` if the run was
   * abandoned
   */
  chunk(input: BackfillChunkInput): Promise<Exclude<BackfillChunkResult, { outcome: 'timed_out' }>>;
  /** The last run of the bucket; null: there was none. */
  last(bucket: string): Promise<BackfillRun | null>;
  /** Counts what a run would do. Takes seconds with millions of files. */
  plan(bucket: string, prefix: string): Promise<BackfillPlan>;
  countObjects(bucket: string): Promise<number>;
}

export function createBackfill(rpc: Rpc): Backfill {
  return {
    async open({ bucket, owner, start, options }) {
      const answer = await rpc(
        'legisync_open_backfill',
        { p_bucket: bucket, p_owner: owner, p_start: start, p_options: options },
        opened,
      );
      if ('run' in answer) return answer.run;
      throw new LegisyncError('BACKFILL_REFUSED', refusal(bucket, answer));
    },
    async chunk({ run: id, phase: expected, position, size }) {
      const answer = await rpc(
        'legisync_backfill_chunk',
        { p_run: id, p_phase: expected, p_position: position, p_size: size },
        chunk,
      );
      if (answer.outcome === 'done' || answer.outcome === 'already_done') return answer;
      if (answer.outcome === 'busy') {
        throw new LegisyncError(
          'DATABASE_BUSY',
          `An earlier call is still working on run ${id}, phase ${expected}${position === '' ? '' : ` after ${position}`}.`,
        );
      }
      throw new LegisyncError(
        'BACKFILL_REFUSED',
        `Run ${id} was abandoned for a new run, or was removed from the database.`,
      );
    },
    last: (bucket) => rpc('legisync_last_backfill', { p_bucket: bucket }, run.nullable()),
    plan: (bucket, prefix) => rpc('legisync_plan_backfill', { p_bucket: bucket, p_prefix: prefix }, plan),
    countObjects: (bucket) => rpc('legisync_count_objects', { p_bucket: bucket }, count),
  };
}

function refusal(bucket: string, answer: Exclude<z.output<typeof opened>, { run: unknown }>): string {
  if ('unfinished' in answer) {
    const { id, scanned, queued, startedAt } = answer.unfinished;
    return (
      `Run ${id} of ${bucket}, started ${startedAt.slice(0, 19)}, is unfinished: ${scanned} objects read, ${queued} queued. ` +
      'Resume it (--resume), or abandon it and start a new run (--restart). Neither loses or repeats a row.'
    );
  }
  if (answer.refused === 'no such bucket') {
    return `Storage has no bucket ${bucket}: correct LEGISYNC_BUCKET, or create the bucket with \`legisync up\`.`;
  }
  return answer.refused === 'too many files'
    ? `${bucket} holds more than ${ALL_AT_ONCE_LIMIT} objects, too many for one transaction: omit --all-at-once.`
    : `${bucket} has no unfinished run to resume: omit --resume.`;
}
