import type { CodeCorpus, Located } from '../corpus/codes.ts';
import type { Code } from '../corpus/codeTree.ts';
import { isoDayOf, NO_END_DAY, searchDate } from '../corpus/dates.ts';
import { fold, foldedWords, indexOfWord } from '../corpus/fold.ts';
import { selects } from './match.ts';
import { resultBody, UnsupportedFilter, type Found, type Page } from './page.ts';
import type { Filter, Query } from './request.ts';

const FILTERS = ['NOM_CODE', 'DATE_VERSION'];
/** Number of queries whose hits are cached, so that further pages of a query are cheap. */
const KEPT_QUERIES = 32;
/** Length of an extract, in characters. */
const EXTRACT_LENGTH = 160;

/**
 * Searches the fond CODE_DATE. Hits are articles, grouped by code, in the order of its table of
 * contents; pages count articles. `DATE_VERSION` is accepted without effect: the corpus has one
 * version of each code.
 */
export class CodeSearch {
  readonly #corpus: CodeCorpus;
  readonly #kept = new Map<string, readonly Located[]>();

  constructor(corpus: CodeCorpus) {
    this.#corpus = corpus;
  }

  /** @throws UnsupportedFilter */
  find(query: Query, filters: readonly Filter[], page: Page): Found {
    const hits = this.#hits(query, filters);
    const shown = hits.slice(page.offset, page.offset + page.size);
    const word = shownWord(query);
    const byCode = Map.groupBy(shown, ({ code }) => code);
    return {
      total: hits.length,
      totalArticles: hits.length,
      results: [...byCode].map(([code, located]) => this.#result(code, located, word)),
      facets: null,
    };
  }

  #hits(query: Query, filters: readonly Filter[]): readonly Located[] {
    for (const { facette } of filters) {
      if (!FILTERS.includes(facette)) throw new UnsupportedFilter('CODE_DATE', facette, FILTERS);
    }
    const names = filters
      .filter(({ facette }) => facette === 'NOM_CODE')
      .map(({ valeurs, valeur }) => valeurs ?? (typeof valeur === 'string' ? [valeur] : []));
    const codes = this.#corpus.codes.filter((code) =>
      names.every((accepted) => accepted.includes(code.title)),
    );
    const changes = codes.map((code) => `${code.id}:${this.#corpus.changes(code)}`);
    const key = JSON.stringify([query.champs, query.operateur, changes]);
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const hits = codes.flatMap((code) => this.#hitsIn(code, query));
    const oldest = this.#kept.keys().next();
    if (this.#kept.size >= KEPT_QUERIES && oldest.done !== true) this.#kept.delete(oldest.value);
    this.#kept.set(key, hits);
    return hits;
  }

  #hitsIn(code: Code, query: Query): Located[] {
    const title = fold(code.title);
    // Each phrase's set is fetched once. Querying the index for each article would overflow its
    // cache for long queries.
    const found = new Map<string, ReadonlySet<number>>();
    const ordinalsWith = (phrase: string) => {
      const ordinals = found.get(phrase) ?? code.index.ordinalsWith(phrase);
      found.set(phrase, ordinals);
      return ordinals;
    };
    const has = (ordinal: number, num: string | null) => (phrase: string, field: string) => {
      const inText = () => ordinalsWith(phrase).has(ordinal);
      const inTitle = () => indexOfWord(title, Buffer.from(phrase, 'latin1'), 0) !== -1;
      if (field === 'ARTICLE') return inText();
      if (field === 'NUM_ARTICLE') return foldedWords(num ?? '').join(' ') === phrase;
      if (field === 'ALL') return inText() || inTitle();
      return inTitle();
    };
    return code.articles
      .filter(
        (article) => !this.#corpus.isRemoved(article) && selects(query, has(article.ordinal, article.num)),
      )
      .map((article) => ({ code, article }));
  }

  #result(code: Code, located: readonly Located[], word: string | undefined): object {
    const start = searchDate(code.dateDebutVersion);
    return resultBody({
      titles: [
        {
          // Ids of consolidated texts end with the start of their version: `LEGITEXT…_DD-MM-YYYY`.
          id: `${code.id}_${code.dateDebutVersion.split('-').reverse().join('-')}`,
          cid: code.cid,
          title: code.title,
          legalStatus: code.etat,
          startDate: start,
          endDate: searchDate(code.dateFinVersion),
          nature: 'CODE',
        },
      ],
      type: 'data_legi',
      nature: 'CODE',
      origin: 'LEGI',
      etat: code.etat,
      // The API writes "none" as 2999-01-01 here.
      datePublication: searchDate(NO_END_DAY),
      sections: [...Map.groupBy(located, ({ article }) => article.parent)].map(([section, hits]) => ({
        id: section?.id ?? null,
        title: section?.title ?? null,
        dateVersion: section === undefined ? null : searchDate(section.dateDebut),
        legalStatus: section?.etat ?? null,
        extracts: hits.map((hit) => this.#extract(hit, word)),
      })),
    });
  }

  #extract(hit: Located, word: string | undefined): object {
    const article = this.#corpus.current(hit);
    const dateDebut = searchDate(isoDayOf(article.dateDebut));
    return {
      id: article.id,
      title: null,
      legalStatus: article.etat,
      dateVersion: dateDebut,
      dateDebut,
      dateFin: searchDate(isoDayOf(article.dateFin)),
      searchFieldName: null,
      num: article.num,
      values: [excerpt(this.#corpus.read(hit).texte, word)],
      type: 'articles',
    };
  }
}

/** The word to highlight in extracts: the first word of the query, unless it is `*`. */
function shownWord(query: Query): string | undefined {
  const value = query.champs[0]?.criteres[0]?.valeur;
  return value === undefined ? undefined : foldedWords(value)[0];
}

/**
 * An extract of the text around the first occurrence of the word, which is highlighted as in the
 * API.
 */
function excerpt(text: string, word: string | undefined): string {
  const at = word === undefined ? -1 : text.toLowerCase().indexOf(word);
  if (word === undefined || at === -1) return `${text.slice(0, EXTRACT_LENGTH)} [...]`;
  const from = Math.max(0, at - EXTRACT_LENGTH / 2);
  const end = at + word.length;
  const marked = `<mark>${text.slice(at, end)}</mark>`;
  return `[...] ${text.slice(from, at)}${marked}${text.slice(end, end + EXTRACT_LENGTH / 2)} [...]`;
}
