/**
 * Collections: what legisync collects. The configuration of the workers defines them. Workflows
 * know only their names.
 */

/** Codes, by their tables of contents. Each article in a wanted state is one document. */
export interface CodesSource {
  readonly kind: 'codes';
  /** Unique within the collection; a key of the catalogue. */
  readonly name: string;
  /** Ids of codes (`LEGITEXT…`). Default: every code that `/list/code` reports in force. */
  readonly codes?: readonly string[] | undefined;
}

/** A full-text search in one fond. Each hit is one document. */
export interface SearchSource {
  readonly kind: 'search';
  readonly name: string;
  readonly fond: 'CODE_DATE' | 'CETAT';
  /** One or more words; `*` for everything. */
  readonly query: string;
}

export type Source = CodesSource | SearchSource;

/**
 * A named set of sources. Its name is also its folder in the bucket: `legifrance/{name}/{id}.json`.
 */
export interface Collection {
  readonly name: string;
  readonly sources: readonly Source[];
}
