import type { SupabaseClient } from '@supabase/supabase-js';
import { storageFailure } from './failures.ts';
import type { Storage } from './types.ts';

/** {@link Storage} on storage-js, which never retries an upload by itself: that is the activity's business. */
export function createStorage(client: SupabaseClient, bucket: string): Storage {
  return {
    async ensureBucket() {
      const { error } = await client.storage.createBucket(bucket, { public: false });
      // "Already exists" comes as HTTP 400 with statusCode '409'.
      if (error !== null && String((error as { statusCode?: unknown }).statusCode) !== '409') {
        throw storageFailure(error, bucket);
      }
      return error === null;
    },

    async upload(path, body, sha256) {
      // `upsert`: without it Storage is no atomic create either, and an upload whose answer was lost could not be repeated.
      const { error } = await client.storage
        .from(bucket)
        .upload(path, body, { upsert: true, contentType: 'application/json', metadata: { sha256 } });
      if (error !== null) throw storageFailure(error, path);
    },
  };
}
