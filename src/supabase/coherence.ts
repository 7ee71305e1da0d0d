import { z } from 'zod';
import type {
  CoherenceKind,
  CoherenceReading,
  DanglingRepair,
  DanglingRow,
  InsertionMinute,
  MissingFile,
  RepairStep,
  StaleRepair,
  StaleRow,
} from '../contract/coherence.ts';
import type { Rpc } from './rpc.ts';

const count = z.int().nonnegative();
const countAndSize = z.object({ count, bytes: count, size: z.string() });
const category = z.object({
  category: z.string(),
  objects: count,
  rows: count,
  missing: count,
  inFlight: count,
  dangling: count,
  stale: count,
  sizeMismatches: count,
});
const reading = {
  bucket: z.string(),
  at: z.string(),
  seconds: z.number(),
  storage: countAndSize,
  queue: countAndSize,
  oldestPending: z.string().nullable(),
};
const measured = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('cheap'), ...reading }),
  z.object({
    kind: z.literal('full'),
    ...reading,
    graceSeconds: count,
    files: count,
    placeholders: count,
    rows: count,
    rowsOfOtherBuckets: count,
    missing: count,
    inFlight: count,
    placeholdersWithoutRow: count,
    heldByOtherBucket: count,
    dangling: count,
    danglingMarked: count,
    rowsInFlight: count,
    markedButBack: count,
    stale: count,
    sizeMismatches: count,
    rowsWithoutSize: count,
    categories: z.array(category),
  }),
]);

const time = z.string().nullable();
const size = count.nullable();
const missing = z.array(z.object({ path: z.string(), size, at: time }));
const status = z.string().nullable();
const dangling = z.array(z.object({ path: z.string(), size, at: time, status, markedAt: time }));
const stale = z.array(z.object({ path: z.string(), size, at: time, rowAt: time, status }));
const step = { scanned: count, next: z.string().nullable() };
const danglingRepair = z.object({ ...step, marked: count, hidden: count, takenBack: count });
const staleRepair = z.object({ ...step, pendingAgain: count, requeued: count, resized: count });
const minutes = z.array(
  z.object({ minute: z.string(), filesInserted: count, buckets: z.string().nullable() }),
);

/** What a question for examples is about; `limit` is 1 to 1,000. */
export interface ExamplesInput {
  readonly bucket: string;
  readonly graceSeconds: number;
  readonly limit: number;
}

/** How Storage and the queue compare, behind RPC functions. Throws `LegisyncError`. */
export interface Coherence {
  /** Takes a reading of one moment, and keeps it in `legisync.coherence_checks`. */
  measure(input: {
    readonly bucket: string;
    readonly kind: CoherenceKind;
    readonly graceSeconds: number;
  }): Promise<CoherenceReading>;
  /** The first by path; so are those of `dangling` and `stale`. */
  missing(input: ExamplesInput): Promise<readonly MissingFile[]>;
  dangling(input: ExamplesInput): Promise<readonly DanglingRow[]>;
  stale(input: ExamplesInput): Promise<readonly StaleRow[]>;
  /** One transaction, and may be repeated; so may `repairStale`. */
  repairDangling(input: RepairStep): Promise<DanglingRepair>;
  repairStale(input: RepairStep): Promise<StaleRepair>;
  /** The last ten minutes, the newest first; minutes without rows are left out. */
  rate(): Promise<readonly InsertionMinute[]>;
}

export function createCoherence(rpc: Rpc): Coherence {
  const list = <T>(
    kind: 'missing' | 'dangling' | 'stale',
    { bucket, graceSeconds, limit }: ExamplesInput,
    answer: z.ZodType<T>,
  ): Promise<T> =>
    rpc(
      'legisync_list_differences',
      { p_bucket: bucket, p_kind: kind, p_grace_seconds: graceSeconds, p_limit: limit },
      answer,
    );
  const repair = (input: RepairStep) => ({
    p_bucket: input.bucket,
    p_grace_seconds: input.graceSeconds,
    p_after: input.after,
    p_step: input.step,
    p_dry_run: input.dryRun,
  });
  return {
    measure: ({ bucket, kind, graceSeconds }) =>
      rpc(
        'legisync_measure_coherence',
        { p_bucket: bucket, p_kind: kind, p_grace_seconds: graceSeconds },
        measured,
      ),
    missing: (input) => list('missing', input, missing),
    dangling: (input) => list('dangling', input, dangling),
    stale: (input) => list('stale', input, stale),
    repairDangling: (input) => rpc('legisync_repair_dangling', repair(input), danglingRepair),
    repairStale: (input) => rpc('legisync_repair_stale', repair(input), staleRepair),
    rate: () => rpc('legisync_insertion_rate', {}, minutes),
  };
}
