import { z } from 'zod';
import type {
  CoherenceKind,
  CoherenceReading,
  DanglingRepair,
  DanglingRow,
  InsertionMinute,
  MissingFile,
  RepairChunk,
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
    requeued: z.object({
      count,
      since: z.string().nullable(),
      statuses: z.record(z.string(), count),
    }),
    categories: z.array(category),
  }),
]);

const time = z.string().nullable();
const size = count.nullable();
const missing = z.array(z.object({ path: z.string(), size, at: time }));
const status = z.string().nullable();
const dangling = z.array(z.object({ path: z.string(), size, at: time, status, markedAt: time }));
const stale = z.array(z.object({ path: z.string(), size, at: time, rowAt: time, status }));
const chunk = { scanned: count, next: z.string().nullable() };
const danglingRepair = z.object({ ...chunk, marked: count, hidden: count, takenBack: count });
const staleRepair = z.object({ ...chunk, pendingAgain: count, requeued: count, resized: count });
const minutes = z.array(
  z.object({ minute: z.string(), filesInserted: count, buckets: z.string().nullable() }),
);

/** Which differences to list; `limit` is 1 to 1,000. */
export interface ExamplesInput {
  readonly bucket: string;
  readonly graceSeconds: number;
  readonly limit: number;
}

/** Compares Storage and the queue, through RPC functions. Throws `LegisyncError`. */
export interface Coherence {
  /** Takes a reading, and stores it in `legisync.coherence_checks`. */
  measure(input: {
    readonly bucket: string;
    readonly kind: CoherenceKind;
    readonly graceSeconds: number;
  }): Promise<CoherenceReading>;
  /** The first files without a row, by path. */
  missing(input: ExamplesInput): Promise<readonly MissingFile[]>;
  /** The first rows without a file, by path. */
  dangling(input: ExamplesInput): Promise<readonly DanglingRow[]>;
  /** The first stale rows, by path. */
  stale(input: ExamplesInput): Promise<readonly StaleRow[]>;
  /** Repairs one chunk in one transaction. May be repeated. */
  repairDangling(input: RepairChunk): Promise<DanglingRepair>;
  /** Repairs one chunk in one transaction. May be repeated. */
  repairStale(input: RepairChunk): Promise<StaleRepair>;
  /** Insertions of the last ten minutes, newest first. Minutes without rows are omitted. */
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
  const repair = (input: RepairChunk) => ({
    p_bucket: input.bucket,
    p_grace_seconds: input.graceSeconds,
    p_after: input.after,
    p_size: input.size,
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
