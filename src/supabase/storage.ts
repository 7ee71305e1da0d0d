import { createHash } from 'node:crypto';
import type { SupabaseClient } from '@supabase/supabase-js';
import type { Hide } from '../contract/knownSecrets.ts';
import { storageFailure } from './failures.ts';
import type { Storage } from './types.ts';

/** {@link Storage} with storage-js, which does not retry uploads: the activity does. */
export function createStorage(client: SupabaseClient, bucket: string, hide: Hide): Storage {
  return {
    async ensureBucket() {
      const { error } = await client.storage.createBucket(bucket, { public: false });
      // "Already exists" is HTTP 400 with statusCode '409'.
      if (error !== null && String((error as { statusCode?: unknown }).statusCode) !== '409') {
        throw storageFailure(error, bucket, hide);
      }
      return error === null;
    },

    async upload(path, body, sha256) {
      // `upsert`, so that an upload can be repeated if its answer was lost. Without it, Storage's
      // create is not atomic either.
      const { error } = await client.storage.from(bucket).upload(path, body, {
        upsert: true,
        contentType: 'application/json',
        metadata: { sha256, fileSha256: createHash('sha256').update(body).digest('hex') },
      });
      if (error !== null) throw storageFailure(error, path, hide);
    },
  };
}
