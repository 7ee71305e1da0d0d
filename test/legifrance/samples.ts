import type { SearchQuery } from '../../src/legifrance/types.ts';

export const DAY = '2026-01-31';
/** Code des relations entre le public et l'administration. */
export const CODE = 'LEGITEXT000031366350';
export const DECISIONS: SearchQuery = { fond: 'CETAT', query: 'urbanisme', day: DAY };
export const ARTICLES: SearchQuery = { fond: 'CODE_DATE', query: 'urbanisme', day: DAY };

/** The id with this prefix and number. */
export const idOf = (prefix: string, number: number): string =>
  `${prefix}${String(number).padStart(12, '0')}`;

/** An answer of /search, in the API's form. */
export const searchAnswer = (results: unknown, total: unknown, more: object = {}): object => ({
  executionTime: 83,
  totalResultNumber: total,
  totalArticleResultNumber: 0,
  results,
  facets: null,
  ...more,
});

/** 1 to `count`. */
export const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);
