import type { Client } from 'pg';
import { LISTED_DOCUMENTS, type ListedKey, type Listing } from './listing.ts';

/** The collection; it is also a category of {@link fillBucket}. */
const COLLECTION = 'cat00';

/** The table of the documents that a pass has listed. */
export const LISTING_TABLE = 'legisync.listing_documents';

/** What follows a page: see legisync_register_slice. */
export type PageAction = 'continue' | 'release' | 'round' | 'whole';

export interface LeasedSlice {
  readonly id: number;
  readonly source: string;
  readonly key: ListedKey | { readonly kind: 'source' };
  readonly page: number;
  readonly round: number;
}

const BATCH = JSON.stringify({ workflow: 'massive:bench', run: 'bench', sequence: 1 });
const LEASE_SECONDS = 3_600;

/** Fills the catalogue as after a first, complete pass: every document is stored and listed. */
export async function fillCatalogue(client: Client, listing: Listing): Promise<void> {
  await client.query(
    `insert into legisync.documents
         (category, id, source, code_id, revision, state, content_sha256, stored_at)
       select '${COLLECTION}', id, case when code = '' then 'search' else 'codes' end, code,
              '2024-01-01', 'stored', 'v1:' || md5('a' || id) || md5('b' || id), now()
         from (${LISTED_DOCUMENTS}) listed`,
    [listing.documents, listing.codesFrom],
  );
  await client.query(
    `insert into legisync.passes (collection, pass, completed_at) values ('${COLLECTION}', 1, now())`,
  );
  await client.query('vacuum (analyze) legisync.documents');
}

export async function openPass(
  client: Client,
  sources: readonly string[],
): Promise<{ pass: number; complete: boolean }> {
  return call(client, 'public.legisync_open_pass($1, $2, 0)', [COLLECTION, sources]);
}

export async function leaseSlice(client: Client, pass: number): Promise<LeasedSlice | null> {
  return call(client, 'public.legisync_lease_slice($1, $2, $3, $4)', [
    COLLECTION,
    pass,
    BATCH,
    LEASE_SECONDS,
  ]);
}

export async function splitSlice(
  client: Client,
  slice: LeasedSlice,
  keys: readonly ListedKey[],
): Promise<void> {
  await call(client, 'public.legisync_split_slice($1, $2, $3)', [slice.id, BATCH, JSON.stringify(keys)]);
}

/** @param page the page of the documents, from 1 */
export async function registerPage(
  client: Client,
  bucket: string,
  slice: LeasedSlice,
  page: number,
  documents: string,
  action: PageAction,
): Promise<void> {
  const { outcome, discovered } = await call<{ outcome: string; discovered: number }>(
    client,
    'public.legisync_register_slice($1, $2, $3, $4, $5, $6, $7, $8, $9)',
    [bucket, slice.id, BATCH, slice.round, page, documents, action, LEASE_SECONDS, 'trust'],
  );
  if (outcome === 'lost' || discovered > 0)
    throw new Error(`page ${page} of slice ${slice.id}: ${outcome}, ${discovered} new`);
}

async function call<T>(client: Client, sql: string, values: readonly unknown[]): Promise<T> {
  const { rows } = await client.query<{ answer: T }>(`select ${sql} as answer`, [...values]);
  const [row] = rows;
  if (row === undefined) throw new Error(`no answer from ${sql}`);
  return row.answer;
}
