import { z } from 'zod';
import { LegisyncError } from '../../contract/failures.ts';
import { MAX_PAGE_SIZE } from '../../contract/limits.ts';
import { MalformedAnswer } from '../answers.ts';
import type { ApiRequest } from '../api.ts';
import type { Log } from '../log.ts';
import { listedId } from '../ids.ts';
import { revisionOf } from './revision.ts';
import { MAX_PAGE, REACH, reachOf } from './slicing.ts';
import type { ListedDocument, SearchPage, SearchQuery } from '../types.ts';

/**
 * The request for one page of a search.
 *
 * `typeChamp`, `sort` and the date filter depend on the fond. The API accepts another fond's sort
 * and silently uses another order; another fond's filter gives HTTP 500. There is no `secondSort`:
 * it would break ties within a day, but the values that a fond accepts are not documented, and a
 * wrong one gives HTTP 500. Pages are therefore read until two rounds agree.
 *
 * `moreArticle` means that a text has more articles than are shown. Pagination by article should
 * prevent this, so the number is logged. A failure would lose the articles that were shown.
 *
 * @throws LegisyncError `LEGIFRANCE_REJECTED` if the API cannot show the page, or for a window on a
 * fond without dates.
 */
export function searchRequest(
  query: SearchQuery,
  number: number,
  size: number,
  log: Log,
): ApiRequest<SearchPage> {
  checkPage(number, size);
  if (query.fond === 'CODE_DATE' && query.window !== undefined) {
    throw new LegisyncError(
      'LEGIFRANCE_REJECTED',
      `Fond CODE_DATE shows the law as of one day and does not support a window; got ${query.window.from} to ${query.window.to}.`,
    );
  }
  return {
    kind: 'listing',
    path: '/search',
    subject: `${query.fond} ${JSON.stringify(query.query.slice(0, 60))} page ${number}`,
    body: {
      fond: query.fond,
      recherche: {
        champs: [
          {
            typeChamp: 'ALL',
            // Optional in the API's schema, but without it the API answers HTTP 500.
            operateur: 'ET',
            criteres: [
              {
                typeRecherche: 'TOUS_LES_MOTS_DANS_UN_CHAMP',
                valeur: query.query,
                operateur: 'ET',
                proximite: 2,
              },
            ],
          },
        ],
        operateur: 'ET',
        pageNumber: number,
        pageSize: size,
        fromAdvancedRecherche: false,
        ...(query.fond === 'CODE_DATE' ? codeOptions(query) : decisionOptions(query)),
      },
    },
    read(json) {
      const { page, heldBack } = readPage(query.fond, json, number, size);
      if (heldBack > 0) {
        log.warn(
          { fond: query.fond, query: query.query, page: number, heldBack },
          'A search does not show all articles (moreArticle); these are not listed. A source of kind "codes" lists all.',
        );
      }
      return page;
    },
  };
}

function codeOptions({ day }: SearchQuery): object {
  return {
    filtres: [{ facette: 'DATE_VERSION', singleDate: day }],
    sort: 'PERTINENCE',
    typePagination: 'ARTICLE',
  };
}

/** Date filters of the fond CETAT. */
const DATE_FACETS = { decided: 'DATE_DECISION', added: 'DATE_VERSEMENT' } as const;

function decisionOptions({ window }: SearchQuery): object {
  return {
    filtres:
      window === undefined
        ? []
        : [{ facette: DATE_FACETS[window.field], dates: { start: window.from, end: window.to } }],
    // Oldest first: documents added during the enumeration appear on the pages that follow.
    sort: 'DATE_ASC',
    typePagination: 'DEFAUT',
  };
}

function checkPage(number: number, size: number): void {
  const integers = Number.isInteger(number) && Number.isInteger(size);
  if (!integers || size < 1 || size > MAX_PAGE_SIZE || number < 1 || !isReachable(number, size)) {
    throw new LegisyncError(
      'LEGIFRANCE_REJECTED',
      `Page ${number} of ${size} hits cannot be shown: pages hold 1 to ${MAX_PAGE_SIZE} hits, are numbered 1 to ${MAX_PAGE}, ` +
        `and reach ${REACH} hits. Cut the search into narrower windows.`,
    );
  }
}

function isReachable(number: number, size: number): boolean {
  return number * size <= reachOf(size);
}

/** A list that is empty if it is absent or null. */
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);

const field = z.unknown().optional();

const answerSchema = z.object({
  // Without a total, the answer is degenerate. It does not mean that there are no hits.
  totalResultNumber: z.number().int().nonnegative(),
  totalArticleResultNumber: z.number().int().nonnegative().nullish(),
  results: list(
    z.object({
      titles: list(
        z.object({
          id: field,
          title: field,
          legalStatus: field,
          startDate: field,
          endDate: field,
          nature: field,
        }),
      ),
      etat: field,
      date: field,
      dateSignature: field,
      datePublication: field,
      num: field,
      nor: field,
      solution: field,
      moreArticle: field,
      sections: list(
        z.object({
          extracts: list(
            z.object({
              id: field,
              num: field,
              title: field,
              legalStatus: field,
              dateDebut: field,
              dateFin: field,
              type: field,
            }),
          ),
        }),
      ),
    }),
  ),
});

type Result = z.infer<typeof answerSchema>['results'][number];

function readPage(
  fond: SearchQuery['fond'],
  json: unknown,
  number: number,
  size: number,
): { page: SearchPage; heldBack: number } {
  const parsed = answerSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new MalformedAnswer(`an invalid search answer at ${issue?.path.join('.') ?? 'its root'}`);
  }
  const { results, totalResultNumber, totalArticleResultNumber } = parsed.data;
  const isCodes = fond === 'CODE_DATE';
  const listed = results.flatMap(isCodes ? articlesOf : decisionsOf);
  const total = Math.max(totalResultNumber, totalArticleResultNumber ?? 0);
  // Counts extracts without a usable id too: one section among 100 extracts does not make this the
  // last page.
  const extracts = results.flatMap(({ sections }) => sections.flatMap((section) => section.extracts)).length;
  const hits = isCodes ? Math.max(results.length, extracts) : results.length;
  const reachable = isReachable(number + 1, size);
  return {
    page: {
      documents: withoutRepeats(listed),
      total,
      last: hits === 0 || (hits < size && number * size >= total) || !reachable,
      overfull: !reachable && hits >= size,
    },
    heldBack: isCodes ? results.filter(({ moreArticle }) => moreArticle === true).length : 0,
  };
}

/**
 * Articles are in the extracts; the title above them is the title of the code. The revision leaves
 * out the code's dates and the extract's `dateVersion`: they change with the requested day or with
 * any article of the code.
 */
function articlesOf(result: Result): ListedDocument[] {
  const code = result.titles.map(({ title }) => title);
  return result.sections.flatMap(({ extracts }) =>
    extracts.flatMap((extract) => {
      const id = listedId(extract.id, 'LEGIARTI');
      if (id === null) return [];
      const { num, title, legalStatus, dateDebut, dateFin, type } = extract;
      return [{ id, revision: revisionOf([code, num, title, legalStatus, dateDebut, dateFin, type]) }];
    }),
  );
}

/**
 * The revision covers what identifies and dates a decision, not the highlighted snippets, which
 * depend on the query.
 */
function decisionsOf(result: Result): ListedDocument[] {
  const { etat, date, dateSignature, datePublication, num, nor, solution } = result;
  return result.titles.flatMap(({ id: listed, title, legalStatus, startDate, endDate, nature }) => {
    const id = listedId(listed, 'CETATEXT');
    if (id === null) return [];
    const own = [title, legalStatus, startDate, endDate, nature];
    return [
      { id, revision: revisionOf([...own, etat, date, dateSignature, datePublication, num, nor, solution]) },
    ];
  });
}

/** An article is listed once for each of its fields that matched. */
function withoutRepeats(documents: readonly ListedDocument[]): ListedDocument[] {
  const byId = new Map<string, ListedDocument>();
  for (const document of documents) {
    if (!byId.has(document.id)) byId.set(document.id, document);
  }
  return [...byId.values()];
}
