import { z } from 'zod';

/** Schemas of the answers of the catalogue's RPC functions. */

const count = z.int().nonnegative();
export const ids = z.array(z.string());
const sliceKey = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('source') }),
  z.object({ kind: z.literal('code'), code: z.string() }),
  z.object({ kind: z.literal('window'), from: z.iso.date(), to: z.iso.date() }),
  z.object({ kind: z.literal('undated') }),
]);
export const slice = z.object({
  id: z.int(),
  source: z.string(),
  pass: z.int(),
  key: sliceKey,
  page: z.int(),
  round: z.int(),
  attempts: count,
});
export const passState = z.object({
  pass: z.int(),
  complete: z.boolean(),
  openSlices: count,
  due: count,
  waitSeconds: z.number(),
});
/** The result for a slice. `lost`: the batch does not hold it any more, and nothing was changed. */
export const outcome = (changed: string) => z.object({ outcome: z.enum([changed, 'lost']) });
export const registered = z.object({ outcome: z.enum(['open', 'complete', 'lost']), discovered: count });
export const listed = z.object({ discovered: count });
export const cursor = z.object({
  page: z.int().positive(),
  size: z.int().positive(),
  from: z.string().optional(),
  to: z.string().optional(),
});
export const batchDocuments = z.array(
  z.object({ id: z.string(), held: z.boolean(), objectSha256: z.string().nullable() }),
);
export const enqueued = z.object({
  queued: count,
  requeued: count,
  unchanged: count,
  heldByOtherBucket: count,
  missing: ids,
  lost: ids,
});
export const controls = z.object({ paused: z.boolean(), lanes: z.int() });
export const counts = z.object({
  pass: z.int(),
  passComplete: z.boolean(),
  documents: z.record(z.string(), count),
  failures: z.record(z.string(), count),
  unavailable: z.array(z.object({ source: z.string(), code: z.string(), count })),
  openSlices: count,
  parkedSliceCount: count,
  parkedSlices: z.array(
    z.object({ source: z.string(), key: sliceKey, code: z.string(), message: z.string() }),
  ),
});
