import type { BatchRef } from '../contract/collecting.ts';
import { documentRetry } from '../contract/failures.ts';
import * as answer from './catalogueAnswers.ts';
import type { Rpc } from './rpc.ts';
import type { Catalogue, Slice } from './types.ts';

/** {@link Catalogue} on the RPC functions of `supabase/schemas`. */
export function createCatalogue(rpc: Rpc, bucket: string): Catalogue {
  const holder = ({ workflow, run, sequence }: BatchRef) => ({ workflow, run, sequence });
  const documentsOf = (batch: BatchRef) => ({ p_category: batch.collection, p_batch: holder(batch) });
  const sliceOf = (batch: BatchRef, { id }: Slice) => ({ p_slice: id, p_batch: holder(batch) });

  return {
    openPass: (collection, sources, intervalSeconds) =>
      rpc(
        'legisync_open_pass',
        { p_collection: collection, p_sources: sources, p_interval_seconds: intervalSeconds },
        answer.passState,
      ),

    leaseSlice: (batch, pass, leaseSeconds) =>
      rpc(
        'legisync_lease_slice',
        {
          p_collection: batch.collection,
          p_pass: pass,
          p_batch: holder(batch),
          p_lease_seconds: leaseSeconds,
        },
        answer.slice.nullable(),
      ),

    async splitSlice(batch, of, keys) {
      await rpc('legisync_split_slice', { ...sliceOf(batch, of), p_keys: keys }, answer.outcome('split'));
    },

    registerSlice: (batch, of, { page, documents, action }, leaseSeconds, policy) =>
      rpc(
        'legisync_register_slice',
        {
          ...sliceOf(batch, of),
          p_bucket: bucket,
          p_round: of.round,
          p_page: page,
          p_documents: documents,
          p_action: action,
          p_lease_seconds: leaseSeconds,
          p_adopt: policy,
        },
        answer.registered,
      ),

    async releaseSlice(batch, of) {
      await rpc('legisync_release_slice', sliceOf(batch, of), answer.outcome('released'));
    },

    async failSlice(batch, of, { code, message }, retrySeconds) {
      await rpc(
        'legisync_fail_slice',
        {
          ...sliceOf(batch, of),
          p_attempts: of.attempts,
          p_code: code,
          p_message: message,
          p_retry_seconds: retrySeconds,
        },
        answer.outcome('open'),
      );
    },

    async parkSlice(batch, of, { code, message }) {
      await rpc(
        'legisync_park_slice',
        { ...sliceOf(batch, of), p_attempts: of.attempts, p_code: code, p_message: message },
        answer.outcome('parked'),
      );
    },

    takeDocuments: (batch, limit) =>
      rpc('legisync_take_documents', { ...documentsOf(batch), p_limit: limit }, answer.ids),

    takeListed: (batch, source, documents, at, policy) =>
      rpc(
        'legisync_take_listed',
        {
          ...documentsOf(batch),
          p_bucket: bucket,
          p_source: source,
          p_documents: documents,
          p_cursor: at,
          p_adopt: policy,
        },
        answer.listed,
      ),

    maintenanceCursor: (collection, source) =>
      rpc(
        'legisync_maintenance_cursor',
        { p_collection: collection, p_source: source },
        answer.cursor.nullable(),
      ),

    describe: (batch, wanted) =>
      rpc(
        'legisync_describe_documents',
        { ...documentsOf(batch), p_bucket: bucket, p_ids: wanted },
        answer.batchDocuments,
      ),

    enqueue: (batch, stored, failures) =>
      rpc(
        'legisync_enqueue_documents',
        {
          ...documentsOf(batch),
          p_bucket: bucket,
          p_stored: stored,
          p_failures: failures.map((failure) => ({ ...failure, ...documentRetry(failure.code) })),
        },
        answer.enqueued,
      ),

    controls: (collection) =>
      rpc('legisync_collection_controls', { p_collection: collection }, answer.controls.nullable()),

    async saveControls(collection, { paused, lanes }) {
      await rpc(
        'legisync_save_collection_controls',
        { p_collection: collection, p_paused: paused, p_lanes: lanes },
        answer.controls,
      );
    },

    counts: (collection) => rpc('legisync_collection_counts', { p_collection: collection }, answer.counts),
  };
}
