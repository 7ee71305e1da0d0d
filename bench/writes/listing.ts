/** Maximum number of documents in a slice of a search: 5 % less than the API can page through. */
const WINDOW_DOCUMENTS = 9_000;
/** Number of articles in a code. */
const CODE_DOCUMENTS = 5_000;

/** Any prime that does not divide a round number. */
const STRIDE = 7_919;

export type ListedKey =
  | { readonly kind: 'window'; readonly from: string; readonly to: string }
  | { readonly kind: 'code'; readonly code: string };

/** The documents of a slice: `from` to `upto` (exclusive) of the listing. */
export interface ListedRange {
  readonly key: ListedKey;
  readonly from: number;
  readonly upto: number;
}

/**
 * A corpus as its sources list it: five sevenths by a search, in windows of up to 9,000 documents;
 * the rest by tables of contents of codes with 5,000 articles each. The order of a listing is
 * independent of the order of ids.
 */
export interface Listing {
  readonly documents: number;
  /** The search lists documents before this one; codes list the others. */
  readonly codesFrom: number;
  readonly windows: readonly ListedRange[];
  readonly codes: readonly ListedRange[];
}

export function listingOf(documents: number): Listing {
  const codesFrom = Math.floor((documents * 5) / 7);
  return {
    documents,
    codesFrom,
    windows: ranges(0, codesFrom, WINDOW_DOCUMENTS, (n) => {
      const day = new Date(Date.UTC(2000, 0, 1 + n)).toISOString().slice(0, 10);
      return { kind: 'window', from: day, to: day };
    }),
    codes: ranges(codesFrom, documents, CODE_DOCUMENTS, (n) => ({ kind: 'code', code: codeId(n) })),
  };
}

function ranges(
  from: number,
  upto: number,
  size: number,
  keyOf: (n: number) => ListedKey,
): readonly ListedRange[] {
  return Array.from({ length: Math.ceil((upto - from) / size) }, (_, n) => ({
    key: keyOf(n),
    from: from + n * size,
    upto: Math.min(from + (n + 1) * size, upto),
  }));
}

const codeId = (n: number): string => `LEGITEXT${String(n).padStart(12, '0')}`;

/** A page of a listing, as an argument of the RPC functions. */
export function pageOf({ documents }: Listing, from: number, upto: number): string {
  return JSON.stringify(
    Array.from({ length: upto - from }, (_, n) => ({
      id: `LEGIARTI${String(1 + (((from + n) * STRIDE) % documents)).padStart(12, '0')}`,
      revision: '2024-01-01',
    })),
  );
}

/**
 * SQL: one row for each document of a listing, in its order, with `id` and `code` ('' if the search
 * lists it). $1: documents; $2: `codesFrom`.
 */
export const LISTED_DOCUMENTS = `
  select 'LEGIARTI' || lpad((1 + (k * ${STRIDE}) % $1::bigint)::text, 12, '0') as id,
         case when k < $2::bigint then ''
              else 'LEGITEXT' || lpad(((k - $2::bigint) / ${CODE_DOCUMENTS})::text, 12, '0') end as code
    from generate_series(0::bigint, $1::bigint - 1) k
   order by k`;
