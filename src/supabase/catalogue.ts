import { z } from 'zod';
import type { BatchRef } from '../contract/messages.ts';
import type { Rpc } from './rpc.ts';
import type { Catalogue } from './types.ts';

const count = z.int().nonnegative();
const ids = z.array(z.string());
const sliceKey = z.object({
  code: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
});
const slice = z.object({
  id: z.int(),
  source: z.string(),
  pass: z.int(),
  key: sliceKey,
  page: z.int(),
  round: z.int(),
  attempts: z.int(),
  holder: z.string(),
});
const passState = z.object({
  pass: z.int(),
  complete: z.boolean(),
  openSlices: count,
  due: count,
  waitSeconds: z.number(),
});
const registered = z.object({ discovered: count, complete: z.boolean() });
const listed = z.object({ discovered: count });
const cursor = z.object({
  page: z.int().positive(),
  size: z.int().positive(),
  from: z.string().optional(),
  to: z.string().optional(),
});
const standings = z.array(z.object({ id: z.string(), objectSha256: z.string().nullable() }));
const enqueued = z.object({
  queued: count,
  requeued: count,
  unchanged: count,
  heldByOtherBucket: count,
  missing: ids,
});
const controls = z.object({ paused: z.boolean(), lanes: z.int() });
const counts = z.object({
  pass: z.int(),
  passComplete: z.boolean(),
  documents: z.record(z.string(), count),
  failures: z.record(z.string(), count),
  openSlices: count,
  parkedSliceCount: count,
  parkedSlices: z.array(
    z.object({ source: z.string(), key: sliceKey, code: z.string(), message: z.string() }),
  ),
});
const anything = z.unknown();

const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 24 * HOUR_SECONDS;

/**
 * When a document's failure is tried again: after this time, then after twice as long each time, up to a day. A code
 * that is not here waits a day: a request that may be in vain is better than a document that nobody asks for again.
 */
const DOCUMENT_RETRY: Readonly<
  Record<string, { readonly retrySeconds: number; readonly withdrawSecond: boolean }>
> = {
  // The API also answers "not found" in passing: it is believed the second time.
  DOCUMENT_NOT_FOUND: { retrySeconds: HOUR_SECONDS, withdrawSecond: true },
  DOCUMENT_MALFORMED: { retrySeconds: HOUR_SECONDS, withdrawSecond: false },
  LEGIFRANCE_REJECTED: { retrySeconds: HOUR_SECONDS, withdrawSecond: false },
  // An operator may raise the bucket's limit; until then the document is consulted, only to be refused, once a day.
  DOCUMENT_REFUSED: { retrySeconds: DAY_SECONDS, withdrawSecond: false },
  // These two are the service's trouble and end an attempt, unless they come with one document while others go through.
  LEGIFRANCE_UNAVAILABLE: { retrySeconds: 300, withdrawSecond: false },
  STORAGE_BUSY: { retrySeconds: 300, withdrawSecond: false },
  INTERNAL: { retrySeconds: HOUR_SECONDS, withdrawSecond: false },
};
const OTHERWISE = { retrySeconds: DAY_SECONDS, withdrawSecond: false };

/** {@link Catalogue} on the RPC functions of `supabase/migrations`. */
export function createCatalogue(rpc: Rpc, bucket: string): Catalogue {
  const claim = (batch: BatchRef) => ({
    p_category: batch.collection,
    p_owner: batch.owner,
    p_chain: batch.chain,
    p_sequence: batch.sequence,
  });

  return {
    openPass: (collection, sources, intervalSeconds) =>
      rpc(
        'open_pass',
        { p_collection: collection, p_sources: sources, p_interval_seconds: intervalSeconds },
        passState,
      ),

    claimSlice: (batch, pass, leaseSeconds) =>
      rpc(
        'claim_slice',
        {
          p_collection: batch.collection,
          p_pass: pass,
          p_holder: `${batch.owner}/${batch.chain}/${batch.sequence}`,
          p_lease_seconds: leaseSeconds,
        },
        slice.nullable(),
      ),

    async splitSlice({ id, holder }, keys) {
      await rpc('split_slice', { p_slice: id, p_holder: holder, p_keys: keys }, anything);
    },

    registerSlice: ({ id, holder, round }, documents, step, policy) =>
      rpc(
        'register_slice',
        {
          p_bucket: bucket,
          p_slice: id,
          p_holder: holder,
          p_round: round,
          p_documents: documents,
          p_page: step.page,
          p_end: step.end,
          p_single: step.single,
          p_release: step.release,
          p_adopt: policy,
        },
        registered,
      ),

    async failSlice({ id, holder, attempts }, { code, message, retrySeconds }) {
      await rpc(
        'fail_slice',
        {
          p_slice: id,
          p_holder: holder,
          p_attempts: attempts,
          p_code: code,
          p_message: message,
          p_retry_seconds: retrySeconds,
        },
        anything,
      );
    },

    takeDocuments: (batch, limit) => rpc('take_documents', { ...claim(batch), p_limit: limit }, ids),

    takeListed: (batch, source, documents, at, policy) =>
      rpc(
        'take_listed',
        {
          ...claim(batch),
          p_bucket: bucket,
          p_source: source,
          p_documents: documents,
          p_cursor: at,
          p_adopt: policy,
        },
        listed,
      ),

    maintenanceCursor: (collection, source) =>
      rpc('maintenance_cursor', { p_collection: collection, p_source: source }, cursor.nullable()),

    describe: (collection, wanted) =>
      rpc('describe_documents', { p_bucket: bucket, p_category: collection, p_ids: wanted }, standings),

    enqueue: (batch, stored, failures) =>
      rpc(
        'enqueue_documents',
        {
          ...claim(batch),
          p_bucket: bucket,
          p_stored: stored,
          p_failures: failures.map((failure) => ({
            ...failure,
            ...(DOCUMENT_RETRY[failure.code] ?? OTHERWISE),
          })),
        },
        enqueued,
      ),

    controls: (collection) => rpc('collection_controls', { p_collection: collection }, controls.nullable()),

    async saveControls(collection, { paused, lanes }) {
      await rpc(
        'save_collection_controls',
        { p_collection: collection, p_paused: paused, p_lanes: lanes },
        anything,
      );
    },

    counts: (collection) => rpc('collection_counts', { p_collection: collection }, counts),
  };
}
