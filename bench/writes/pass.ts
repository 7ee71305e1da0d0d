import type { Client } from 'pg';
import { listingOf, pageOf, type ListedRange, type Listing } from './listing.ts';
import {
  fillCatalogue,
  leaseSlice,
  LISTING_TABLE,
  openPass,
  registerPage,
  splitSlice,
  type LeasedSlice,
  type PageAction,
} from './passCalls.ts';
import { measureWrites, megabytes, type Written } from './meter.ts';

const SOURCES = ['search', 'codes'];
/**
 * As in the activities: documents in a page, pages for one lease; documents of a table of contents
 * in one call.
 */
const PAGE_DOCUMENTS = 100;
const LEASE_PAGES = 10;
const CHUNK_DOCUMENTS = 2_000;

/** The writes into the catalogue, and the state of the listing. */
export interface PassWrites extends Written {
  /** Number of registered pages and chunks. */
  readonly pages: number;
  readonly listing: {
    readonly inserted: number;
    readonly deleted: number;
    readonly logged: boolean;
    /** Size at the end, including indexes. */
    readonly mb: number;
  };
}

/** Measures what a whole pass over an unchanged corpus writes, with one lane. */
export async function measurePass(client: Client, bucket: string, documents: number): Promise<PassWrites> {
  const listing = listingOf(documents);
  await fillCatalogue(client, listing);
  let pages = 0;
  const written = await measureWrites(client, 'legisync.documents', async () => {
    pages = await runPass(client, bucket, listing);
  });
  const { rows } = await client.query<PassWrites['listing']>(
    `select n_tup_ins::float8 as inserted, n_tup_del::float8 as deleted, relpersistence = 'p' as logged,
            pg_total_relation_size(c.oid)::float8 as mb
       from pg_class c join pg_stat_all_tables s on s.relid = c.oid where c.oid = $1::regclass`,
    [LISTING_TABLE],
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`there is no table ${LISTING_TABLE}`);
  return { ...written, pages, listing: { ...row, mb: megabytes(row.mb) } };
}

/** @returns how many pages were registered */
async function runPass(client: Client, bucket: string, listing: Listing): Promise<number> {
  const ranges = new Map([...listing.windows, ...listing.codes].map((range) => [keyName(range.key), range]));
  for (let pages = 0; ;) {
    const { pass, complete } = await openPass(client, SOURCES);
    if (complete) return pages;
    const slice = await leaseSlice(client, pass);
    if (slice === null) throw new Error('the pass is not complete, and no slice is open');
    if (slice.key.kind === 'source') {
      const split = slice.source === 'search' ? listing.windows : listing.codes;
      await splitSlice(
        client,
        slice,
        split.map(({ key }) => key),
      );
      continue;
    }
    const range = ranges.get(keyName(slice.key));
    if (range === undefined) throw new Error(`slice ${slice.id} is unknown`);
    const size = slice.key.kind === 'code' ? CHUNK_DOCUMENTS : PAGE_DOCUMENTS;
    pages += await registerPages({ client, bucket, listing, slice, range, size });
  }
}

const keyName = (key: ListedRange['key']): string => (key.kind === 'code' ? key.code : key.from);

interface SliceWork {
  readonly client: Client;
  readonly bucket: string;
  readonly listing: Listing;
  readonly slice: LeasedSlice;
  readonly range: ListedRange;
  readonly size: number;
}

/** Registers a code to its end, or ten pages of a search. */
async function registerPages({ client, bucket, listing, slice, range, size }: SliceWork): Promise<number> {
  const isCode = slice.key.kind === 'code';
  for (let page = slice.page; ; page += 1) {
    const from = range.from + (page - 1) * size;
    const upto = Math.min(from + size, range.upto);
    const pages = page - slice.page + 1;
    const last = upto === range.upto;
    const action = actionAfter(isCode, last, pages);
    await registerPage(client, bucket, slice, page, pageOf(listing, from, upto), action);
    if (action !== 'continue') return pages;
  }
}

function actionAfter(isCode: boolean, last: boolean, pages: number): PageAction {
  if (last) return isCode ? 'whole' : 'round';
  return !isCode && pages >= LEASE_PAGES ? 'release' : 'continue';
}
