/**
 * Collections: what is to be collected. Definitions are configuration of the workers; workflows know them by name.
 */

/** Codes by their table of contents: each article of the wanted states is one document. */
export interface CodesSource {
  readonly kind: 'codes';
  /** Unique within the collection; a key of the catalogue. */
  readonly name: string;
  /** Text ids (`LEGITEXT…`); absent: every code that `/list/code` reports in force. */
  readonly codes?: readonly string[] | undefined;
}

/** A full-text search of one fond: each hit is one document. */
export interface SearchSource {
  readonly kind: 'search';
  readonly name: string;
  readonly fond: 'CODE_DATE' | 'CETAT';
  /** One or several words; `*` for everything. */
  readonly query: string;
}

export type Source = CodesSource | SearchSource;

/** A named set of sources. The name is the category of its documents: `legifrance/{name}/{id}.json`. */
export interface Collection {
  readonly name: string;
  readonly sources: readonly Source[];
}
