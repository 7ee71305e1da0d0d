import { createHash } from 'node:crypto';
import { createClient } from '@supabase/supabase-js';
import type { BatchRef } from '../../src/contract/collecting.ts';
import { documentPath } from '../../src/contract/documents.ts';
import { BUCKET, type SupabaseStack } from './supabase.ts';

/** The columns of `files_queue` that tests read. */
export interface QueueRow {
  readonly file_path: string;
  readonly bucket_id: string;
  readonly file_size: string | null;
  readonly status: string;
  readonly processed: boolean;
  readonly content_sha256: string | null;
  readonly requeue: boolean;
}

/** The columns of the catalogue that tests read. */
export interface DocumentRow {
  readonly id: string;
  readonly state: string;
  readonly content_sha256: string | null;
  readonly attempts: number;
  readonly code: string | null;
  readonly message: string | null;
  /** The batch that holds it, as PostgreSQL writes a composite: see {@link holderOf}. */
  readonly holder: string | null;
  /** Seconds until it is due. Zero or less: due now. Null: never due. */
  readonly due_in: number | null;
}

/** A well-formed id: `articleId(7)` is LEGIARTI000000000007. */
export const articleId = (number: number): string => `LEGIARTI${String(number).padStart(12, '0')}`;

/** A batch of one run of a MASSIVE workflow. */
export const batchOf = (collection: string, sequence: number, more: Partial<BatchRef> = {}): BatchRef => ({
  collection,
  workflow: `massive:${collection}`,
  run: 'run-1',
  sequence,
  ...more,
});

/** A batch as PostgreSQL writes a value of type `legisync.batch`. */
export const holderOf = ({ workflow, run, sequence }: BatchRef): string => `(${workflow},${run},${sequence})`;

/** `v1:` and the hash of a text, as in the metadata of an upload of `text`. */
export const hashOf = (text: string, version = 'v1'): string =>
  `${version}:${createHash('sha256').update(text).digest('hex')}`;

/**
 * Uploads through the gateway, with `sha256` in the user metadata. Null: without a hash, as files
 * collected before legisync.
 */
export async function putObject(
  stack: SupabaseStack,
  path: string,
  body: string,
  sha256: string | null = hashOf(body),
): Promise<void> {
  if (sha256 !== null) return stack.supabase.storage.upload(path, Buffer.from(body), sha256);
  const client = createClient(stack.gateway.url, stack.gateway.serviceKey, {
    auth: { persistSession: false },
  });
  const { error } = await client.storage.from(BUCKET).upload(path, body, { upsert: true });
  if (error !== null) throw error;
}

/**
 * Adds objects collected before legisync, without a hash. By SQL, because 10,000 uploads take
 * minutes.
 */
export async function plantObjects(
  stack: SupabaseStack,
  category: string,
  ids: readonly string[],
): Promise<void> {
  await stack.sql(
    `insert into storage.objects (bucket_id, name, metadata, created_at, updated_at)
     select $1, path, '{"size": 100}', now() - interval '1 year', now() - interval '1 year' from unnest($2::text[]) path`,
    [BUCKET, ids.map((id) => documentPath(category, id))],
  );
}

export async function queueRow(stack: SupabaseStack, path: string): Promise<QueueRow | undefined> {
  const rows = await stack.sql<QueueRow>(
    `select file_path, bucket_id, file_size, status, processed, content_sha256, requeue
       from public.files_queue where file_path = $1`,
    [path],
  );
  return rows[0];
}

export async function documentRow(
  stack: SupabaseStack,
  category: string,
  id: string,
): Promise<DocumentRow | undefined> {
  const rows = await stack.sql<DocumentRow>(
    `select id, state, content_sha256, attempts, code, message, holder::text as holder,
            extract(epoch from next_attempt_at - clock_timestamp())::float8 as due_in
       from legisync.documents where category = $1 and id = $2`,
    [category, id],
  );
  return rows[0];
}

/** Makes documents due in the catalogue without an enumeration. */
export async function plantDue(
  stack: SupabaseStack,
  category: string,
  ids: readonly string[],
): Promise<void> {
  await stack.sql(
    `insert into legisync.documents (category, id, source, revision, state, next_attempt_at)
     select $1, id, 'test', 'r1', 'discovered', clock_timestamp() from unnest($2::text[]) id`,
    [category, ids],
  );
}

/** A checksum of every column of every row of a table. */
export async function checksum(stack: SupabaseStack, table: string): Promise<string> {
  const rows = await stack.sql<{ sum: string }>(
    `select md5(coalesce(string_agg(md5(t::text || xmin::text || ctid::text), '' order by t::text), '')) as sum
       from ${table} t`,
  );
  return rows[0]?.sum ?? '';
}

/** Empties the catalogue, the passes and the queue; objects stay. */
export async function emptyTables(stack: SupabaseStack): Promise<void> {
  await stack.sql(
    `begin; set local legisync.allow_emptying = 'files_queue';
     truncate legisync.documents, legisync.passes, legisync.slices, legisync.listing_rounds, legisync.listing_documents,
       public.files_queue;
     commit`,
  );
  stack.gateway.control.clear();
}
