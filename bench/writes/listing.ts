/** Slices of a search hold so many documents at most: 5 % less than the API can page through. */
const WINDOW_DOCUMENTS = 9_000;
/** A code holds a few thousand articles. */
const CODE_DOCUMENTS = 5_000;

/** Any prime that is no divisor of a round number. */
const STRIDE = 7_919;

export type ListedKey =
  | { readonly kind: 'window'; readonly from: string; readonly to: string }
  | { readonly kind: 'code'; readonly code: string };

/** What a slice lists: documents `from` to `upto` (not included) of the listing. */
export interface ListedRange {
  readonly key: ListedKey;
  readonly from: number;
  readonly upto: number;
}

/**
 * A corpus as its sources list it: five sevenths by a search, in windows of up to 9,000 documents;
 * the rest by the tables of contents of codes, 5,000 articles each. The order of a listing has
 * nothing to do with the order of ids.
 */
export interface Listing {
  readonly documents: number;
  /** Documents before this one are listed by the search, the others by codes. */
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

/** A page of a listing, as the RPC functions take it. */
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
