import { abstractOf } from '../answers/decision.ts';
import { facet } from '../answers/codeList.ts';
import {
  ANY_DAY,
  type DayRange,
  type Decision,
  type DecisionClass,
  type DecisionCorpus,
} from '../corpus/decisions.ts';
import { COMMON_WORDS, STOP_WORDS, URBANISME_WORDS } from '../corpus/text.ts';
import { selects } from './match.ts';
import { resultBody, UnsupportedFilter, type Found, type Page } from './page.ts';
import type { Filter, Query } from './request.ts';

const FILTERS = ['DATE_DECISION', 'DATE_VERSEMENT'];

/**
 * A prime: its multiples modulo the number of hits visit every hit once, in a seemingly random
 * order.
 */
const RELEVANCE_STRIDE = 1_000_003;

/**
 * Searches the fond CETAT without generating texts: the class of a decision determines its words.
 */
export class DecisionSearch {
  readonly #corpus: DecisionCorpus;

  constructor(corpus: DecisionCorpus) {
    this.#corpus = corpus;
  }

  /**
   * @param sort `DATE_ASC` or `DATE_DESC`; anything else means relevance, because the API accepts
   * any value.
   * @throws UnsupportedFilter
   */
  find(query: Query, filters: readonly Filter[], sort: string, page: Page): Found {
    for (const { facette } of filters) {
      if (!FILTERS.includes(facette)) throw new UnsupportedFilter('CETAT', facette, FILTERS);
    }
    const hits = this.#corpus.select(
      classOf(query),
      daysOf(filters, 'DATE_DECISION'),
      daysOf(filters, 'DATE_VERSEMENT'),
    );
    const results: object[] = [];
    for (let rank = page.offset; rank < Math.min(hits.length, page.offset + page.size); rank += 1) {
      const index = hits[placeOf(rank, hits.length, sort)];
      if (index !== undefined) results.push(this.#result(this.#corpus.at(index)));
    }
    return {
      total: hits.length,
      totalArticles: 0,
      results,
      facets: [facet('FOND', 'origine', { CETAT: this.#corpus.count })],
    };
  }

  #result(decision: Decision): object {
    const abstract = abstractOf(decision);
    return resultBody({
      titles: [
        {
          id: decision.id,
          cid: decision.id,
          title: decision.title,
          legalStatus: null,
          startDate: null,
          endDate: null,
          nature: null,
        },
      ],
      text: decision.urbanisme
        ? "[...] règles <mark>d'urbanisme</mark> applicables à sa parcelle [...]"
        : null,
      type: 'data_juri',
      nature: 'texte',
      origin: 'CETAT',
      sections: [
        {
          id: null,
          title: null,
          dateVersion: null,
          legalStatus: null,
          extracts: [
            {
              id: null,
              title: null,
              legalStatus: null,
              dateVersion: null,
              dateDebut: null,
              dateFin: null,
              searchFieldName: 'Abstrat',
              num: null,
              values: [
                `[...]${abstract.replace('URBANISME', '<mark>URBANISME</mark>').replace('<br/>', '')}[...]`,
              ],
              type: null,
            },
          ],
        },
      ],
      resumePrincipal: [abstract],
    });
  }
}

/**
 * A query selects a whole class or none of it, because a word is in all decisions of a class or in
 * none.
 */
function classOf(query: Query): DecisionClass {
  const selectsWith = (words: readonly ReadonlySet<string>[]) =>
    selects(query, (phrase) =>
      phrase.split(' ').every((word) => STOP_WORDS.has(word) || words.some((known) => known.has(word))),
    );
  const urbanisme = selectsWith([COMMON_WORDS, URBANISME_WORDS]);
  const other = selectsWith([COMMON_WORDS]);
  if (urbanisme && other) return 'all';
  if (urbanisme) return 'urbanisme';
  return other ? 'other' : 'none';
}

/** The days that all filters of a facet allow. */
function daysOf(filters: readonly Filter[], facette: string): DayRange {
  return filters
    .filter((filter) => filter.facette === facette)
    .reduce<DayRange>(
      (range, { dates, singleDate }) => ({
        from: Math.max(range.from, singleDate ?? dates?.start ?? -Infinity),
        to: Math.min(range.to, singleDate ?? dates?.end ?? Infinity),
      }),
      ANY_DAY,
    );
}

function placeOf(rank: number, hits: number, sort: string): number {
  if (sort === 'DATE_ASC') return rank;
  if (sort === 'DATE_DESC') return hits - 1 - rank;
  return (rank * RELEVANCE_STRIDE) % hits;
}
