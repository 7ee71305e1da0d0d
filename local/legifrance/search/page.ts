/** A page of results. */
export interface Page {
  /** Number of results before the page. */
  readonly offset: number;
  readonly size: number;
}

/** The part of a search answer that does not depend on the fond. */
export interface Found {
  readonly total: number;
  readonly totalArticles: number;
  readonly results: readonly object[];
  readonly facets: readonly object[] | null;
}

/** The body of `/search`. */
export function searchBody(
  found: Found,
  typePagination: 'DEFAUT' | 'ARTICLE',
  executionTime: number,
): object {
  return {
    executionTime,
    results: found.results,
    facets: found.facets,
    totalResultNumber: found.total,
    totalArticleResultNumber: found.totalArticles,
    typePagination,
    descriptionFusionHtml: null,
  };
}

/** A result with the keys that all fonds have; `overrides` takes precedence. */
export function resultBody(overrides: Readonly<Record<string, unknown>>): object {
  return {
    titles: [],
    text: null,
    type: null,
    nature: null,
    origin: null,
    etat: null,
    solution: null,
    moreArticlesCount: 0,
    date: null,
    sections: [],
    num: null,
    jorfText: null,
    numParution: null,
    datePublication: null,
    dossiersLegislatifs: [],
    nor: null,
    motsCles: [],
    appellations: [],
    idAttachment: null,
    sizeAttachment: null,
    moreArticle: false,
    additionalResult: {},
    raisonSociale: null,
    idcc: null,
    descriptionFusionHtml: null,
    dateSignature: null,
    dateDiffusion: null,
    reference: null,
    themes: [],
    conforme: false,
    resumePrincipal: [],
    autreResume: [],
    ...overrides,
  };
}

/**
 * A filter that the simulator has no data for. It is refused, because results that ignore it would
 * mislead.
 */
export class UnsupportedFilter extends Error {
  constructor(fond: string, facette: string, supported: readonly string[]) {
    super(`The simulator cannot filter ${fond} by "${facette}". It knows ${supported.join(', ')}.`);
    this.name = 'UnsupportedFilter';
  }
}
