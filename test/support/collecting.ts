import { documentPath } from '../../src/contract/documents.ts';
import type { BatchRef, EnqueueResult } from '../../src/contract/collecting.ts';
import { articleId, batchOf, hashOf, plantDue, putObject } from './queue.ts';
import type { SupabaseStack } from './supabase.ts';

/** The result of an enqueue that changed nothing. */
export const NOTHING: EnqueueResult = {
  queued: 0,
  requeued: 0,
  unchanged: 0,
  heldByOtherBucket: 0,
  missing: [],
  lost: [],
};

/**
 * A batch and the ids of its documents. `first` and `path` are the id and the path of the first
 * one.
 */
interface HeldBatch {
  readonly batch: BatchRef;
  readonly ids: readonly string[];
  readonly first: string;
  readonly path: string;
}

interface Collecting {
  /** Leases `count` new documents to a new batch. */
  readonly newBatch: (count: number) => Promise<HeldBatch>;
  /** Makes known documents due, as a new change signal does, and leases them to a new batch. */
  readonly again: (ids: readonly string[]) => Promise<BatchRef>;
  /** Uploads and enqueues one new document, and lets its Worker finish. */
  readonly processedDocument: (body: string) => Promise<HeldBatch>;
}

/**
 * Calls for the collection `codes`, with new ids and batches each time. The stack may be opened
 * later.
 */
export function collectingOf(stack: () => SupabaseStack): Collecting {
  let sequence = 0;
  let number = 0;

  async function take(ids: readonly string[]): Promise<BatchRef> {
    const batch = batchOf('codes', (sequence += 1));
    expect(await stack().supabase.catalogue.takeDocuments(batch, ids.length)).toEqual(ids);
    return batch;
  }
  async function newBatch(count: number): Promise<HeldBatch> {
    const ids = Array.from({ length: count }, () => articleId((number += 1)));
    await plantDue(stack(), 'codes', ids);
    const first = ids[0] ?? '';
    return { batch: await take(ids), ids, first, path: documentPath('codes', first) };
  }

  return {
    newBatch,
    async again(ids) {
      await stack().sql(
        `update legisync.documents set next_attempt_at = clock_timestamp() - interval '1 day' where id = any ($1)`,
        [ids],
      );
      return take(ids);
    },
    async processedDocument(body) {
      const made = await newBatch(1);
      await putObject(stack(), made.path, body, hashOf(body));
      await stack().supabase.catalogue.enqueue(made.batch, made.ids, []);
      await stack().sql(
        `update public.files_queue set status = 'processed', processed = true where file_path = $1`,
        [made.path],
      );
      return made;
    },
  };
}
